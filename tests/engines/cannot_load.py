from runner.job.errors import EngineError


def load(model, model_dir):
    raise EngineError("no such model")
