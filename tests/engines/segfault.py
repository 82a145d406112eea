import os
import signal


class Engine:
    def prepare(self, device, threads):
        pass

    def transcribe(self, samples, options, report):
        os.kill(os.getpid(), signal.SIGSEGV)


def load(model, model_dir):
    return Engine()
