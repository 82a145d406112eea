import time


class Engine:
    def prepare(self, device, threads):
        pass

    def transcribe(self, samples, options, report):
        for i in range(200000):
            report(i / 20)
            time.sleep(0.1)
        return {"text": "hello", "segments": [], "language": "en"}


def load(model, model_dir):
    return Engine()
