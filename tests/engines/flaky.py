import os
import signal
from pathlib import Path


class Engine:
    def prepare(self, device, threads):
        pass

    def transcribe(self, samples, options, report):
        p = Path("/tmp/whisper-spool-flaky")
        if not p.exists():
            p.touch()
            os.kill(os.getpid(), signal.SIGSEGV)
        return {"text": "hello", "segments": [], "language": "en"}


def load(model, model_dir):
    return Engine()
