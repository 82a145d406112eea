"""The only durable mutations: atomic write, create, rename, move without replacing, remove.

Purpose: what survives a power cut is decided here and nowhere else.
Guarantees: a function that says "synced" returns only when the change is on the device; a file
written here is whole or absent; nothing follows a symbolic link in the last component.
Diagnostics: ``OSError`` as the kernel gave it, never swallowed. After a failed fsync the
temporary file is thrown away, never synced again (facts: a second fsync lies).
Limits: ``rename`` syncs the *target's* folder only. On ext4, xfs, btrfs, zfs and tmpfs a
rename is one transaction, so that the old name goes when the new one is safe; a file system
without a journal is not promised (README, "Assumptions").
"""

from runner.durable.files import (
    create,
    is_leftover,
    open_below,
    open_dir,
    sync_dir,
    sync_file,
    write_atomic,
    write_hint,
    write_new,
)
from runner.durable.moves import NO_NATIVE, How, make_dir, move, rename, replace, unlink
from runner.durable.trees import remove_tree

__all__ = [
    "NO_NATIVE",
    "How",
    "create",
    "is_leftover",
    "make_dir",
    "move",
    "open_below",
    "open_dir",
    "remove_tree",
    "rename",
    "replace",
    "sync_dir",
    "sync_file",
    "unlink",
    "write_atomic",
    "write_hint",
    "write_new",
]
