"""The engine object: mapped in the template, prepared and used in the worker.

Purpose: ``OpenAIWhisper``.
Guarantees: every worker starts from the same generator state, so that the same file gives the
same text each time; the checkpoint is hashed once, not at each load.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
import whisper
from numpy.typing import NDArray
from whisper.utils import get_writer

from runner.engines.contract import Report
from runner.engines.openai_whisper import accelerator, command, warmth
from runner.engines.openai_whisper.progress import watched
from runner.engines.openai_whisper.skeleton import assemble
from runner.models import Located, Weights, prepare
from runner.models.convert import folder_of
from runner.models.digest import digest_of


class OpenAIWhisper:
    """One model; on the CPU its weights are mapped and shared."""

    def __init__(self, located: Located, model_dir: Path) -> None:
        self._located = located
        self._folder = model_dir
        self._weights: Weights | None = None
        self._model: Any = None
        self._device = "cpu"
        self._moved = True

    @property
    def model_name(self) -> str:
        """What the model was asked for as."""
        return self._located.name

    @property
    def model_sha256(self) -> str:
        """The checksum of the original checkpoint."""
        if self._weights is not None:
            return self._weights.sha256
        return digest_of(self._located.path, folder_of(self._folder))

    @property
    def versions(self) -> dict[str, str]:
        """What computes here."""
        modules = (("openai-whisper", whisper), ("torch", torch), ("numpy", np))
        return {name: str(module.__version__) for name, module in modules}

    def warm(self) -> None:
        """Map the weights and load what each job needs; before the first fork."""
        if accelerator.may_have_accelerator():
            return  # a worker maps or loads them itself, wherever it computes
        self._map()
        self._warm()

    def prepare(self, device: str, threads: int) -> None:
        """Take the device; in the worker."""
        torch.set_num_threads(threads)
        self._device = device
        if device != "cpu":
            self._weights, self._moved = None, False
            with accelerator.failures(device):
                accelerator.wake(device, self._located.name)
                self._model = accelerator.load_host(self._located)
                if accelerator.fits(self._model, device):
                    self._move()
            self._warm()
            return
        if self._weights is None:
            self._map()
            self._warm()
        assert self._weights is not None  # noqa: S101 - mapped above
        torch.set_rng_state(self._weights.generator)

    def transcribe(
        self, samples: NDArray[np.float32], options: Mapping[str, Any], report: Report
    ) -> Mapping[str, Any]:
        """Return whisper's result, as the command would compute it."""
        given = command.arguments(options, model_name=self.model_name, device=self._device)
        transcribe = importlib.import_module("whisper.transcribe").transcribe
        with accelerator.failures(self._device):
            if not self._moved:
                self._move()
            with watched(self._model, report):
                result: Mapping[str, Any] = transcribe(self._model, samples, **given)
        return result

    def write(
        self, form: str, result: Mapping[str, Any], file: TextIO, options: Mapping[str, Any]
    ) -> None:
        """Write with whisper's own writer."""
        get_writer(form, "").write_result(result, file=file, **command.writer_arguments(options))

    def _move(self) -> None:
        """Take the weights to the device; a standby beside a large job waits for its order."""
        self._model = accelerator.move(self._model, self._device)
        self._moved = True

    def _map(self) -> None:
        self._weights = prepare(self._located, self._folder)
        self._model = assemble(self._weights.dims, self._weights.state)
        official = self._located.official
        if official and official.alignment_heads:
            self._model.set_alignment_heads(official.alignment_heads)

    def _warm(self) -> None:
        warmth.warm(
            multilingual=self._model.is_multilingual,
            languages=self._model.num_languages,
            mels=self._model.dims.n_mels,
            cache_dir=folder_of(self._folder) / "compiled",
        )
