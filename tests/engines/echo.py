class Engine:
    def prepare(self, device, threads):
        pass

    def transcribe(self, samples, options, report):
        report(0.5)
        return {"text": "hello", "segments": [], "language": "en"}


def load(model, model_dir):
    return Engine()
