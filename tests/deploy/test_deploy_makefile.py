"""The Makefile's set-up, with a stand-in for Python that writes down what it is asked to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import needs

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [needs.program("make")]

# Plays python3, and the python of .venv too: `-m venv` copies it there.
STAND_IN = """\
#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in
  *version_info*) exit "${TOO_OLD:-0}" ;;
  *ensurepip*) exit "${NO_ENSUREPIP:-0}" ;;
  --version) echo "Python 3.99.0" ;;
  "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"index versions torch"*) echo "Available versions: 9.9.9, $TORCH_FOUND, 0.1" ;;
esac
"""


class Checkout:
    """A folder with the files of the set-up, and a Python that is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        self.python = folder / "stand-in"
        self.python.write_text(STAND_IN)
        self.python.chmod(0o755)

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make with nothing of our environment but the path."""
        given = {"PATH": os.environ["PATH"], "ASKED": str(self.folder / "asked")}
        return subprocess.run(
            ["make", f"PYTHON={self.python}", *arguments],
            cwd=self.folder, env=given | environment, check=False, capture_output=True, text=True,
            timeout=30,
        )  # fmt: skip

    @property
    def asked(self) -> list[str]:
        """What Python was asked to do, in order; forgotten once read."""
        path = self.folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh checkout without .venv."""
    return Checkout(tmp_path)


def pinned_torch() -> str:
    """The version of torch that requirements.txt names."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return next(line.removeprefix("torch==") for line in lines if line.startswith("torch=="))


def test_the_first_time_sets_up_and_the_second_does_not(checkout: Checkout) -> None:
    """A second `make test` must go straight to pytest."""
    assert checkout.make("test").returncode == 0
    first = checkout.asked
    assert any("install -r requirements-dev.txt" in line for line in first)
    assert first[-1] == "-m pytest"
    assert checkout.make("test").returncode == 0
    assert checkout.asked == ["-m pytest"]


def test_a_changed_requirement_sets_up_again(checkout: Checkout) -> None:
    """A newer requirements file must be installed before anything runs."""
    checkout.make("test")
    assert checkout.asked
    stamp = (checkout.folder / ".venv/ready").stat()
    os.utime(checkout.folder / "requirements.txt", (stamp.st_atime + 10, stamp.st_mtime + 10))
    checkout.make("test")
    assert any("install -r requirements-dev.txt" in line for line in checkout.asked)


def test_a_venv_without_its_python_is_made_anew(checkout: Checkout) -> None:
    """After the system's Python went away, make must not stumble over the old .venv."""
    checkout.make("test")
    assert checkout.asked
    (checkout.folder / ".venv/bin/python").unlink()
    assert checkout.make("test").returncode == 0
    assert "-m venv .venv" in checkout.asked


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [("TOO_OLD", "is not a Python of 3.11 or newer"), ("NO_ENSUREPIP", "python3-venv")],
)
def test_a_python_that_will_not_do_is_named(
    checkout: Checkout, variable: str, sentence: str
) -> None:
    """An old Python, or one without ensurepip, must end in one sentence with the cure."""
    done = checkout.make("test", **{variable: "1"})
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "PYTHON=" in done.stderr
    assert not (checkout.folder / ".venv").exists()


def test_what_will_be_downloaded_is_said_before(checkout: Checkout) -> None:
    """The size of torch must be on the screen before pip installs anything."""
    out = checkout.make("test", TORCH_FOUND=f"{pinned_torch()}+cpu").stdout
    assert "a CPU build" in out
    assert out.index("To download") < out.index("install -r")


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="only Linux gets the CUDA build")
def test_the_cuda_build_is_warned_of_with_its_cure(checkout: Checkout) -> None:
    """Where the index has no CPU build, gigabytes and TORCH_INDEX must be named first."""
    out = checkout.make("test", TORCH_FOUND=pinned_torch()).stdout
    assert "GB with its libraries" in out
    assert out.index("TORCH_INDEX=") < out.index("install -r")


def test_another_index_is_asked_for_torch_only(checkout: Checkout) -> None:
    """TORCH_INDEX must reach pip for torch, without dependencies, and for nothing else."""
    address = "https://index.example/cpu"
    done = checkout.make("test", f"TORCH_INDEX={address}", TORCH_FOUND=f"{pinned_torch()}+cpu")
    assert done.returncode == 0
    asked = checkout.asked
    torch, *others = [line for line in asked if " install " in line]
    assert torch.endswith(f"install --no-deps --index-url {address} torch=={pinned_torch()}")
    assert others
    assert not any(address in line for line in others)
    assert any(address in line for line in asked if "index versions torch" in line)


def test_clean_leaves_the_spool(checkout: Checkout) -> None:
    """`make clean` must remove what make made and never a recording."""
    recording = checkout.folder / "spool/inbox/talk.mp3"
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"precious")
    for folder in ("runner", "tests"):
        (checkout.folder / folder / "__pycache__").mkdir(parents=True)
    checkout.make("test")
    assert checkout.make("clean").returncode == 0
    assert recording.read_bytes() == b"precious"
    assert not (checkout.folder / ".venv").exists()
    assert not (checkout.folder / "runner/__pycache__").exists()


def test_help_names_every_target(checkout: Checkout) -> None:
    """`make` alone must list each target with a word about it."""
    out = checkout.make().stdout
    for target in ("demo", "test", "run", "check", "format", "clean"):
        assert f"make {target}\t" in out
