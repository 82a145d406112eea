"""Marks for tests that need what not every machine has.

Purpose: such a test skips with a reason on a person's machine and fails where ``CI`` is set.
"""

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _need(condition: object, reason: str) -> Decorator:
    if condition:
        return pytest.mark.filterwarnings("default")
    if not os.environ.get("CI"):
        return pytest.mark.skip(reason=reason)

    def failing(function: Callable[..., Any]) -> Callable[..., Any]:
        def test() -> None:
            pytest.fail(f"CI must have it: {reason}")

        test.__name__ = function.__name__
        test.__doc__ = function.__doc__
        return test

    return failing


def program(name: str) -> Decorator:
    """Need a program on PATH."""
    return _need(shutil.which(name) is not None, f"needs the program {name}")


def root() -> Decorator:
    """Need to be root, to make files of other owners."""
    return _need(os.geteuid() == 0, "needs root")


def linux() -> Decorator:
    """Need Linux."""
    return _need(Path("/proc/self/fd").is_dir(), "needs Linux")


def user(name: str = "nobody") -> Decorator:
    """Need root and an unprivileged account to become."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return _need(None, f"needs the account {name}")
    return root()


def refuse(reason: str) -> None:
    """Skip the running test for ``reason``, or fail it where ``CI`` is set."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)
