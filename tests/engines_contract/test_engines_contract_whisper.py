"""openai-whisper in particular: mapped, private to nobody, the command's own numbers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper
from numpy.typing import NDArray

from runner.engines import DeviceMemoryError
from runner.engines.openai_whisper import accelerator, command, load
from runner.engines.openai_whisper.engine import OpenAIWhisper
from runner.engines.openai_whisper.progress import Progress
from runner.engines.openai_whisper.skeleton import assemble
from runner.job.errors import EngineError
from runner.models.convert import SEED, folder_of
from runner.models.locate import DEMO_FILE, Located
from runner.models.catalogue import Official

PRIVATE = """
import sys
from pathlib import Path
from runner.engines.openai_whisper import load
engine = load("demo", Path(sys.argv[1]))
maps = Path("/proc/self/smaps").read_text().split(".f32")
numbers = maps[1].split()
print(sum(int(numbers[numbers.index(key) + 1]) for key in ("Private_Dirty:", "Anonymous:")))
"""


@pytest.fixture(scope="module")
def engine(model_dir: Path) -> OpenAIWhisper:
    engine = load("demo", model_dir)
    engine.prepare("cpu", 1)
    return engine


def test_the_weights_are_those_of_stock_loading(engine: OpenAIWhisper) -> None:
    """Mapped loading must give bit for bit the parameters and buffers of ``load_model``."""
    stock = whisper.load_model(str(DEMO_FILE), device="cpu")
    ours, theirs = engine._model.state_dict(), stock.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for buffer in ("mask",):
        assert torch.equal(getattr(engine._model.decoder, buffer), getattr(stock.decoder, buffer))
    heads = engine._model.alignment_heads.to_dense()
    assert torch.equal(heads, stock.alignment_heads.to_dense())
    assert not any(parameter.is_meta for parameter in engine._model.parameters())


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps"), reason="needs Linux")
def test_the_weights_are_shared_pages(engine: OpenAIWhisper, model_dir: Path) -> None:
    """The mapped file must have no private page in the process that maps it."""
    done = subprocess.run(
        [sys.executable, "-c", PRIVATE, model_dir], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "0"


def test_the_generator_is_that_of_stock_loading(engine: OpenAIWhisper) -> None:
    """A worker must start from the state that stock loading leaves behind its default seed."""
    torch.manual_seed(SEED)
    whisper.load_model(str(DEMO_FILE), device="cpu")
    theirs = torch.get_rng_state()
    torch.manual_seed(1)
    engine.prepare("cpu", 1)
    assert torch.equal(torch.get_rng_state(), theirs)
    assert torch.Generator().initial_seed() == SEED


def test_an_official_model_keeps_its_alignment_heads(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heads of an official name must be set, as ``load_model`` does."""
    heads = b"ABzY8bu8Lr0{>%RKn9Fp%m@SkK7Kt=7ytkO"  # tiny's, for 4 layers of 6 heads
    asked: list[bytes] = []
    monkeypatch.setattr(whisper.model.Whisper, "set_alignment_heads", lambda _, b: asked.append(b))
    official = Official("tiny", "https://example/x/tiny.pt")
    OpenAIWhisper(Located("tiny", DEMO_FILE, official), model_dir).prepare("cpu", 1)
    assert asked == [heads]


def test_progress_is_frequent_and_rises(engine: OpenAIWhisper, hello: NDArray[np.float32]) -> None:
    """There must be a report at each decoder step, rising to 1, and no hook left behind."""
    seen: list[float] = []
    engine.transcribe(np.concatenate([hello] * 9), {"beam_size": None}, seen.append)
    assert len(seen) > 20
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert 0.2 < seen[len(seen) // 2] < 0.9
    assert not engine._model.decoder._forward_hooks
    assert not engine._model.encoder._forward_hooks


def test_progress_without_frames_still_shows_life() -> None:
    """Steps before the length is known (language detection) must be reported as 0."""
    seen: list[float] = []
    progress = Progress(seen.append)
    progress.step()
    progress.begin(6000)
    progress.advance(3000)
    assert seen == [0.0, 0.5]


def test_the_defaults_are_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no option at all ``transcribe`` must get what the command passes on."""
    import importlib  # noqa: PLC0415

    module = importlib.import_module("whisper.transcribe")
    passed: dict[str, object] = {}
    monkeypatch.setattr(module, "transcribe", lambda *_, **given: passed.update(given) or {})
    monkeypatch.setattr(module, "get_writer", lambda *_: lambda *_, **__: None)
    monkeypatch.setattr(whisper, "load_model", lambda *_, **__: None)
    monkeypatch.setattr(sys, "argv", ["whisper", "a.wav", "--model", "tiny", "--device", "cpu"])
    monkeypatch.setattr("os.makedirs", lambda *_, **__: None)
    module.cli()
    assert passed.pop("verbose") is True
    ours = command.arguments({}, model_name="tiny", device="cuda:0")
    assert ours == passed


def test_the_commands_corners_are_kept() -> None:
    """An English model means English, no increment one temperature, no float16 off CUDA."""
    german = {"language": "de", "temperature_increment_on_fallback": None, "formats": ["srt"]}
    given = command.arguments(german, model_name="tiny.en", device="cpu")
    assert given["language"] == "en"
    assert given["temperature"] == [0.0]
    assert given["fp16"] is False
    assert "formats" not in given


def test_a_device_that_is_not_there_says_so(model_dir: Path) -> None:
    """A CUDA device without CUDA must be an ``EngineError`` naming device and model."""
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(EngineError, match="cuda:0 can't be used for demo"):
        load("demo", model_dir).prepare("cuda:0", 1)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"
        ),
    ],
)
def test_running_out_of_memory_is_recognised(error: RuntimeError) -> None:
    """What torch says of a full memory must become a ``DeviceMemoryError``."""
    with pytest.raises(DeviceMemoryError), accelerator.failures("cpu"):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    """A fault that is no memory's must pass unchanged: it is a crash."""
    with pytest.raises(RuntimeError, match="shapes"), accelerator.failures("cpu"):
        raise RuntimeError("shapes do not match")


@pytest.mark.parametrize(
    ("dims", "sentence"),
    [({"n_mels": 80}, "does not fit"), (None, "does not fit")],
    ids=["missing", "wrong"],
)
def test_a_checkpoint_that_does_not_fit_says_so(
    dims: dict[str, int] | None, sentence: str, engine: OpenAIWhisper
) -> None:
    """Dimensions and tensors that don't belong together must be one sentence."""
    assert engine._weights is not None
    dims = dims or engine._weights.dims | {"n_text_layer": 3}
    with pytest.raises(EngineError, match=sentence):
        assemble(dims, engine._weights.state)


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """Without a writable model folder the engine must still load, unmapped."""
    nowhere = tmp_path / "file"
    nowhere.write_bytes(b"")
    engine = load("demo", nowhere)
    engine.prepare("cpu", 1)
    assert engine._weights is not None
    assert not engine._weights.mapped
    assert len(engine.model_sha256) == 64
    assert not folder_of(nowhere).exists()
