"""Run openai-whisper's own command, without the ffmpeg program.

Purpose: ``run(wav, folder, *arguments)``; as a program it is the command with two things put
right that a comparison needs: ``load_audio`` reads a 16 kHz wav itself (bit for bit what ffmpeg
gives), and torch starts from its documented seed, where it else starts from another each time.
"""

import subprocess
import sys
from pathlib import Path

FORMATS = ("srt", "vtt", "txt", "tsv", "json")


def run(wav: Path, folder: Path, *arguments: str) -> dict[str, bytes]:
    """Return what the command writes, by format. One thread: sums depend on their number."""
    subprocess.run(
        [sys.executable, __file__, wav, "--output_dir", folder, "--threads", "1",
         "--device", "cpu", "--fp16", "False", "--verbose", "False", *arguments],
        check=True, capture_output=True, timeout=110,
    )  # fmt: skip
    return {form: (folder / f"{wav.stem}.{form}").read_bytes() for form in FORMATS}


if __name__ == "__main__":
    import importlib
    import wave

    import numpy as np
    import torch

    def load_audio(file: str) -> np.ndarray:
        with wave.open(file) as sound:
            assert sound.getparams()[:3] == (1, 2, 16000)
            data = sound.readframes(sound.getnframes())
        return np.frombuffer(data, np.int16).flatten().astype(np.float32) / 32768.0

    importlib.import_module("whisper.audio").load_audio = load_audio
    torch.manual_seed(torch.Generator().initial_seed())
    importlib.import_module("whisper.transcribe").cli()
