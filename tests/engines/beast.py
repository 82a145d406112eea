"""What all beasts of the zoo have in common: an engine that works, to be spoiled.

The result is a function of the samples, so that equal files give equal text.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Report = Callable[[float], None]
RATE = 16000


class Beast:
    """Says how long the recording is and how loud, in one segment."""

    model_name = "beast"
    model_sha256 = "0" * 64
    versions: Mapping[str, str] = {}

    def prepare(self, device: str, threads: int) -> None:
        """Nothing to prepare."""

    def transcribe(self, samples: Any, options: Mapping[str, Any], report: Report) -> Any:
        """Misbehave, if that is in the beast's nature, then echo."""
        self.misbehave(options)
        seconds = len(samples) / RATE
        report(1.0)
        text = f" {seconds:.2f} seconds"
        segment = {"id": 0, "start": 0.0, "end": seconds, "text": text}
        return {"text": text, "segments": [segment], "language": options.get("language") or "en"}

    def misbehave(self, options: Mapping[str, Any]) -> None:
        """The beast's own way; the tame one has none."""


Load = Callable[[str, Path], Beast]


def loader(kind: type[Beast]) -> Load:
    """Return the ``load`` of an engine module."""

    def load(model: str, model_dir: Path) -> Beast:
        del model_dir
        beast = kind()
        beast.model_name = model
        return beast

    return load


def mended(model: str) -> bool:
    """Whether the fault is mended: the file that the model names is there."""
    return Path(model).exists()


def descriptors(test: Callable[[int], bool]) -> Iterator[int]:
    """Our open descriptors of one kind (``stat.S_ISSOCK``, ``stat.S_ISDIR``)."""
    for path in list(Path("/proc/self/fd").iterdir()):
        fd = int(path.name)
        try:
            if test(os.fstat(fd).st_mode):
                yield fd
        except OSError:
            continue


def job_folder() -> Path:
    """The job's own folder, which an engine is not told: the lease is open on it."""
    (lease,) = (Path(f"/proc/self/fd/{fd}").readlink() for fd in descriptors(stat.S_ISDIR))
    return lease


def attempt_folder() -> Path:
    """The folder of the running attempt."""
    return max(job_folder().glob("attempt-*"), key=lambda path: int(path.name.split("-")[1]))
