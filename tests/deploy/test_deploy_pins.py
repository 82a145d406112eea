"""requirements*.txt is what is installed, all of it, and what pyproject.toml asks for."""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# pip installs the others and is not installed by them; the product itself is the checkout.
NOT_PINNED = {"pip", "whisper-spool"}


def pins(name: str) -> dict[str, Requirement]:
    """The lines of a requirements file by package."""
    lines = (ROOT / name).read_text().splitlines()
    asked = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    return {canonicalize_name(requirement.name): requirement for requirement in asked}


def version_of(pin: Requirement) -> str:
    """The one version that a pin names."""
    (specifier,) = pin.specifier
    assert specifier.operator == "==", pin
    return specifier.version


def closure(roots: Iterable[str]) -> set[str]:
    """The installed packages that ``roots`` need, and they need, on this machine."""
    found: set[str] = set()
    todo = [canonicalize_name(root) for root in roots]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                todo.append(canonicalize_name(needed.name))
    return found


def test_every_need_of_the_product_is_pinned_directly_or_not() -> None:
    """What pyproject.toml asks for, and what that asks for, must stand in requirements.txt."""
    direct = [Requirement(line).name for line in PROJECT["project"]["dependencies"]]
    # NVIDIA's libraries come with a CUDA build of torch, which names their versions itself.
    needed = {n for n in closure(direct) if not n.startswith(("nvidia-", "cuda-"))}
    assert needed - set(pins("requirements.txt")) == set()


def test_nothing_is_pinned_that_nobody_needs() -> None:
    """requirements.txt must hold no package that the product could do without."""
    direct = [Requirement(line).name for line in PROJECT["project"]["dependencies"]]
    elsewhere = {n for n, pin in pins("requirements.txt").items() if pin.marker}
    assert set(pins("requirements.txt")) - closure(direct) - elsewhere == set()


def test_every_tool_of_the_tests_is_pinned() -> None:
    """What requirements-dev.txt pins must bring all that it needs itself."""
    dev = pins("requirements-dev.txt")
    assert closure(dev) - set(dev) - set(pins("requirements.txt")) - NOT_PINNED == set()


def test_pins_satisfy_the_ranges() -> None:
    """Each pinned version must lie in the range that pyproject.toml states."""
    pinned = pins("requirements.txt")
    for line in PROJECT["project"]["dependencies"]:
        need = Requirement(line)
        assert need.specifier.contains(version_of(pinned[canonicalize_name(need.name)])), line


def test_pins_are_what_is_installed() -> None:
    """The tests must run on the pinned versions, a build's local label (``+cpu``) apart."""
    wrong = {}
    for name, pin in {**pins("requirements.txt"), **pins("requirements-dev.txt")}.items():
        if pin.marker and not pin.marker.evaluate():
            continue
        installed = importlib.metadata.version(name).partition("+")[0]
        if installed != version_of(pin):
            wrong[name] = installed
    assert wrong == {}


def test_no_address_of_an_index_is_written_down() -> None:
    """Where packages come from is the machine's choice: no file of the set-up names an index."""
    texts = [ROOT / name for name in ("requirements.txt", "requirements-dev.txt", "Makefile")]
    for path in texts:
        assert not re.search(r"https?://|file://", path.read_text()), path.name
