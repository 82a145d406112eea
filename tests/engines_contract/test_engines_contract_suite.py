"""What every engine must do, run on the real one and on the test engine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from runner import engines
from runner.job.errors import EngineError

ENGINES = {"openai-whisper": "demo", "tests.engines.echo": "demo"}
ROOT = Path(__file__).resolve().parents[2]

LOADING = """
import os, random, sys
from pathlib import Path
from runner import engines
module = engines.load(sys.argv[1])
torch = sys.modules.get("torch")
drawn = (random.getstate(), torch and torch.get_rng_state().tolist())
for _ in range(2):
    module.load(sys.argv[2], Path(sys.argv[3]))
    threads = len(os.listdir("/proc/self/task"))
    print(threads, (random.getstate(), torch and torch.get_rng_state().tolist()) == drawn)
"""

FORKING = """
import json, os, sys
from pathlib import Path
import numpy as np
from runner import engines, media
engine = engines.load(sys.argv[1]).load(sys.argv[2], Path(sys.argv[3]))
samples = media.decode(Path(sys.argv[4]), max_seconds=60).samples
sys.stdout.flush()
for _ in range(2):
    child = os.fork()
    if child == 0:
        engine.prepare("cpu", 2)
        result = engine.transcribe(samples, {"word_timestamps": True}, lambda fraction: None)
        print(json.dumps(result), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def script(text: str, *arguments: object, threads: int = 1) -> str:
    """Run a program with the environment of a template; a hang is a failure."""
    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    done = subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)], cwd=ROOT, timeout=60,
        env=os.environ | environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("name", ENGINES)
def test_loading_leaves_no_trace(name: str, tmp_path: Path) -> None:
    """Loading must start no thread and draw no random number: a template forks afterwards.

    Neither the very first time, which converts and compiles, nor the second.
    """
    assert script(LOADING, name, ENGINES[name], tmp_path).split() == ["1", "True"] * 2


@pytest.mark.parametrize("name", ENGINES)
def test_forked_workers_with_two_threads_come_to_an_end(
    name: str, model_dir: Path, clip: Path
) -> None:
    """A forked child with two threads and word timestamps must not hang, and children agree."""
    first, second = script(FORKING, name, ENGINES[name], model_dir, clip).splitlines()
    assert first == second
    assert {"text", "segments", "language"} <= json.loads(first).keys()


def test_a_first_load_does_not_poison_the_fork_either(tmp_path: Path, clip: Path) -> None:
    """Converting in the template, with many threads allowed, must not make its children hang."""
    out = script(FORKING, "openai-whisper", "demo", tmp_path, clip, threads=2)
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize("name", ENGINES)
def test_the_result_is_whispers(name: str, model_dir: Path, hello: NDArray[np.float32]) -> None:
    """The result must be whisper's object, fit for JSON, and progress must stay within 0..1."""
    engine = engines.load(name).load(ENGINES[name], model_dir)
    engine.prepare("cpu", 1)
    seen: list[float] = []
    result = engine.transcribe(hello, {}, seen.append)
    assert isinstance(result["text"], str)
    assert isinstance(result["language"], str)
    for segment in result["segments"]:
        assert 0 <= segment["start"] <= segment["end"]
        assert isinstance(segment["text"], str)
    json.dumps(result)
    assert seen
    assert all(0 <= fraction <= 1 for fraction in seen)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nonsense", "no engine is called 'nonsense'"),
        ("no.such.module", "can't be imported: No module named 'no'"),
        ("json.decoder", "has no function load"),
    ],
)
def test_a_name_that_is_no_engine_says_so(name: str, sentence: str) -> None:
    """A wrong engine's name must give one sentence, not a traceback."""
    with pytest.raises(EngineError, match=sentence):
        engines.load(name)


def test_the_test_engine_costs_no_torch() -> None:
    """An engine must bring in only what it imports itself."""
    heavy = "import sys; from runner import engines; engines.load('tests.engines.echo');"
    heavy += "print(sorted({'torch', 'numpy', 'av', 'whisper'} & set(sys.modules)))"
    assert script(heavy).strip() == "[]"


def test_device_memory_is_a_memory_error_that_knows_whose() -> None:
    """A full device must be a ``MemoryError``, with ``foreign`` for other processes' doing."""
    error: Any = engines.DeviceMemoryError("cuda:0 ran out of memory", foreign=True)
    assert error.foreign
    assert isinstance(error, MemoryError)
