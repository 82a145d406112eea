"""openai-whisper in particular: mapped, private to nobody, the command's own numbers."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

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
from runner.models.catalogue import Official
from runner.models.convert import SEED, Weights, folder_of
from runner.models.locate import DEMO_FILE, Located
from tests import needs

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
    """The demo model, prepared."""
    engine = load("demo", model_dir)
    engine.prepare("cpu", 1)
    return engine


def model_in(engine: OpenAIWhisper) -> Any:
    """Whisper's own object inside."""
    return engine._model  # noqa: SLF001 - what is compared here is inside


def weights_in(engine: OpenAIWhisper) -> Weights:
    """What it was assembled from."""
    assert engine._weights is not None  # noqa: SLF001 - see model_in
    return engine._weights  # noqa: SLF001


def test_the_weights_are_those_of_stock_loading(engine: OpenAIWhisper) -> None:
    """Mapped loading must give bit for bit the parameters and buffers of ``load_model``."""
    stock = whisper.load_model(str(DEMO_FILE), device="cpu")
    model = model_in(engine)
    ours, theirs = model.state_dict(), stock.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert torch.equal(model.decoder.mask, stock.decoder.mask)
    assert torch.equal(model.alignment_heads.to_dense(), stock.alignment_heads.to_dense())
    assert not any(parameter.is_meta for parameter in model.parameters())


@needs.linux()
@pytest.mark.usefixtures("engine")
def test_the_weights_are_shared_pages(model_dir: Path) -> None:
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
    pause = np.zeros(26 * 16000, np.float32)
    engine.transcribe(np.concatenate([hello, pause, hello]), {"beam_size": None}, seen.append)
    assert len(seen) > 20
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len({fraction for fraction in seen if 0 < fraction < 0.5}) > 5  # within a window
    assert any(0.8 < fraction < 1 for fraction in seen)  # after it
    parts = (model_in(engine).encoder, model_in(engine).decoder)
    assert not any(part._forward_hooks for part in parts)  # noqa: SLF001 - torch has no other


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
    module = importlib.import_module("whisper.transcribe")
    passed: dict[str, object] = {}
    monkeypatch.setattr(module, "transcribe", lambda *_, **given: passed.update(given))
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


@pytest.mark.parametrize("room", [True, False])
def test_a_standby_takes_the_device_only_where_there_is_room(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, hello: NDArray[np.float32], *, room: bool
) -> None:
    """Weights must move in ``prepare`` where they fit, else with the order, to the same text."""
    moved: list[str] = []
    real = accelerator.move

    def move(model: object, device: str) -> object:
        moved.append(device)
        return real(model, device)

    monkeypatch.setattr(accelerator, "move", move)
    monkeypatch.setattr(accelerator, "fits", lambda *_: room)
    engine = load("demo", model_dir)
    engine.prepare("cpu:0", 1)  # a device by another name than the one whose weights are mapped
    assert moved == (["cpu:0"] if room else [])
    text = engine.transcribe(hello, {}, lambda _: None)["text"]
    assert moved == ["cpu:0"]
    plain = load("demo", model_dir)
    plain.prepare("cpu", 1)
    assert plain.transcribe(hello, {}, lambda _: None)["text"] == text


@pytest.mark.parametrize(("free", "fitting"), [(2.0, True), (1.0, False)])
def test_room_is_weights_and_work(
    monkeypatch: pytest.MonkeyPatch, *, free: float, fitting: bool
) -> None:
    """A model fits beside what runs only if a window's work finds room as well."""
    model = torch.nn.Linear(1024, 1024)
    bytes_free = int(free * accelerator.ROOM_BYTES)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (bytes_free, 80 * 1024**3))
    assert accelerator.fits(model, "cuda:0") is fitting
    assert accelerator.fits(model, "mps")


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
    weights = weights_in(engine)
    dims = dims or weights.dims | {"n_text_layer": 3}
    with pytest.raises(EngineError, match=sentence):
        assemble(dims, weights.state)


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """Without a writable model folder the engine must still load, unmapped."""
    nowhere = tmp_path / "file"
    nowhere.write_bytes(b"")
    engine = load("demo", nowhere)
    engine.prepare("cpu", 1)
    assert not weights_in(engine).mapped
    assert len(engine.model_sha256) == 64
    assert not folder_of(nowhere).exists()
