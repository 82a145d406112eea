"""The walls of the cage: which files a worker can open, once it knows its job.

Purpose: ``confine(order, spec)``, between the order and the decoding; ``facts()`` for the record.
Guarantees: from then on this thread, and every thread and process that comes of it, can read the
interpreter, its libraries, the system's, the model and the job's own directory, and
``worker_paths``; it can write the running attempt's folder, which is its temporary folder too, and
the devices and caches that an accelerator needs; no other job, no other file, whoever owns them.
No signal of its reaches a process outside (Linux 6.12), and no program it starts gains privileges.
Diagnostics: what is refused is a ``PermissionError``, in the engine's own words.
Limits: Linux 5.13 with Landlock switched on, else nothing is confined and nothing is claimed. It
does not hinder changes of mode, owner or times, nor the network. Threads that the engine started in
``prepare`` are not confined, and what is open stays open. The compilers' caches of an accelerator
are shared by all jobs. A module that is first imported here is compiled each time: its byte code
can't be kept. Costs 1 to 2 ms a job, the survey 5 to 15 ms a template.
Source: landlock(7). Rules only allow, so a spool that lies below an allowed path (a checkout's
own) is left out by allowing what lies around it.
"""

import ctypes
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from runner.job.wire import Order, Spec
from runner.worker import prctl

CREATE, ADD, RESTRICT = 444, 445, 446
"""Numbers of the system calls, the same on all machines."""
VERSION_FLAG = 1
PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE = 1 << 13, 1 << 14
ALL = (1 << 13) - 1
SINCE = ((2, REFER), (3, TRUNCATE))
"""Rights that came with a later version."""
SIGNALS_SINCE = 6
SCOPE_SIGNAL = 1 << 1

READ = EXECUTE | READ_FILE | READ_DIR
OPEN = READ_FILE | WRITE_FILE | READ_DIR
WRITE = (ALL | REFER | TRUNCATE) & ~EXECUTE
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE

SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt", "/nix/store", "/proc", "/sys",
    "/run/nvidia-persistenced", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/passwd", "/etc/group",
    "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf",
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf",
    "/etc/crypto-policies", "/etc/mime.types", "/etc/os-release", "/etc/fonts", "/etc/nvidia",
    "/etc/OpenCL",
)  # fmt: skip
DEVICES = ("null", "zero", "full", "random", "urandom", "kfd", "dri", "dxg", "nvidia*")
CACHES = (".nv", ".triton", ".cache/torch")


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64),
    )  # fmt: skip


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("fd", ctypes.c_int32))


@cache
def version() -> int:
    """Return what this kernel's Landlock can, 0 where there is none."""
    known: int = _libc().syscall(CREATE, None, ctypes.c_size_t(0), VERSION_FLAG)
    return max(known, 0)


def facts() -> Iterator[str]:
    """Yield what will confine this worker once it has its order."""
    if version():
        yield "no files but its job's"
    if version() >= SIGNALS_SINCE:
        yield "no signals to others"


def confine(order: Order, spec: Spec) -> None:
    """Shut everything that this job does not need."""
    if not version():
        return
    os.environ["TMPDIR"] = tempfile.tempdir = order.attempt_dir
    handled = ALL | sum(right for since, right in SINCE if version() >= since)
    rules = _ruleset(handled)
    try:
        own = ((str(Path(order.source).parent), READ), (order.attempt_dir, WRITE))
        for path, rights in (*survey(spec), *own):
            _allow(rules, path, rights & handled)
        prctl.no_new_privileges()
        _checked(_libc().syscall(RESTRICT, rules, 0), "landlock_restrict_self")
    finally:
        os.close(rules)


@cache
def survey(spec: Spec) -> tuple[tuple[str, int], ...]:
    """Return what every worker of ``spec`` is allowed; looked up once, before a fork."""
    return tuple(_common(spec)) if version() else ()


def _common(spec: Spec) -> Iterator[tuple[str, int]]:
    spool = os.path.realpath(spec.spool) if spec.spool else "/nowhere"
    for root in _highest({os.path.realpath(path) for path in (*SYSTEM, *_ours())}):
        for path in around(root, spool):
            yield path, READ
    for path in (spec.model_dir, *spec.worker_paths):
        yield path, READ
    for path in ("/proc/self", "/dev/shm"):  # noqa: S108 - no name is made up
        yield path, WRITE
    yield "/dev", READ_DIR
    for device in DEVICES:
        yield from ((str(node), OPEN) for node in Path("/dev").glob(device))
    if spec.device != "cpu":
        yield from ((path, WRITE) for path in _caches())


def _ours() -> Iterator[str]:
    """Yield where the interpreter and what it has imported lie."""
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix)
    yield from (path for path in sys.path if path)
    for name, module in list(sys.modules.items()):
        if "." not in name:  # an editable install need not be on the module path
            yield from map(str, getattr(module, "__path__", ()))


def _highest(paths: Iterable[str]) -> list[str]:
    """Leave out what lies below another of them."""
    kept: list[str] = []
    for path in sorted(paths):
        if not (kept and _lies_in(path, kept[-1])):
            kept.append(path)
    return kept


def _lies_in(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def around(root: str, hole: str) -> Iterator[str]:
    """Yield ``root``, or all that is in it but ``hole``."""
    if not _lies_in(hole, root):
        yield root
    elif hole != root:
        with suppress(OSError):
            for child in os.scandir(root):
                yield from around(child.path, hole)


def _caches() -> Iterable[str]:
    for name in CACHES:
        path = Path.home() / name
        with suppress(OSError):
            path.mkdir(parents=True, exist_ok=True)
        yield str(path)


def _ruleset(handled: int) -> int:
    scoped = SCOPE_SIGNAL if version() >= SIGNALS_SINCE else 0
    wanted = _Ruleset(files=handled, network=0, scoped=scoped)
    size = ctypes.sizeof(wanted) if scoped else ctypes.sizeof(ctypes.c_uint64)
    rules = _libc().syscall(CREATE, ctypes.byref(wanted), ctypes.c_size_t(size), 0)
    return _checked(rules, "landlock_create_ruleset")


def _allow(rules: int, path: str, rights: int) -> None:
    """Allow ``rights`` at and below ``path``; what is not there needs no rule."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= OF_FILES
        rule = _Beneath(allowed=rights, fd=fd)
        done = _libc().syscall(ADD, rules, PATH_BENEATH, ctypes.byref(rule), 0)
        _checked(done, f"landlock_add_rule({path})")
    finally:
        os.close(fd)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
