"""The doctor's look at all but the spool: settings, system, engine, device, model, runner."""

import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from runner.cli.chosen import Chosen
from runner.cli.doctor import FAIL, OK, WARN, Finding

PAUSE_SECONDS = 0.05
NEEDS = {"openai-whisper": ("torch", "whisper", "av")}
"""The modules that an engine of a short name needs."""


def settings(chosen: Chosen) -> Iterator[Finding]:
    """The settings."""
    from runner.config import explain, settings_file, slips

    rows = explain(chosen.settings, chosen.file, chosen.overrides)
    changed = [name for name, _, source in rows if source != "default"]
    file = settings_file(chosen.file)
    where = f"from {file}" if file else "no file"
    yield Finding(OK, "settings", f"{where}; {len(changed)} differ from the default")
    for variable, meant in slips().items():
        cure = f"if {meant} is meant, call it so"
        yield Finding(WARN, "settings", f"{variable} is no setting", cure)
    for path in chosen.settings.worker_paths:
        if not Path(path).exists():
            seen = f"worker_paths: there is no {path}"
            yield Finding(WARN, "settings", seen, "correct it; nothing else is allowed by it")


def system(_chosen: Chosen) -> Iterator[Finding]:
    """Python and the system."""
    seen = f"{sys.platform}, Python {sys.version.split()[0]}"
    if sys.platform == "linux":
        yield Finding(OK, "system", seen)
    else:
        seen += ": no leases, no pidfds, no parent-death signal"
        yield Finding(WARN, "system", seen, "see the table in ARCHITECTURE.md")


def engine(chosen: Chosen) -> Iterator[Finding]:
    """The engine."""
    name = chosen.settings.engine
    missing = next((module for module in NEEDS.get(name, (name,)) if not _there(module)), None)
    if missing is None:
        yield Finding(OK, "engine", name)
    else:
        cure = "pip install -r requirements.txt" if name in NEEDS else "see RUNNER_ENGINE"
        yield Finding(FAIL, "engine", f"{name}: there is no module {missing}", cure)


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def device(chosen: Chosen) -> Iterator[Finding]:
    """The device, and the model that follows from it."""
    from runner.dispatcher.fetching import ENGINES_WITH_MODELS, present
    from runner.pool.machine import detect
    from runner.pool.probe import Placing

    placing = Placing(chosen.settings, detect())
    try:
        while (placement := placing.step(time.monotonic())) is None:
            time.sleep(PAUSE_SECONDS)
    finally:
        placing.close()
    devices = ", ".join(dict.fromkeys(placement.devices))
    work = f"{placement.slots} x {placement.threads} threads, workers by {placement.method}"
    yield Finding(OK, "device", f"{devices} ({placement.why}); {work}")
    home = chosen.settings.model_dir.expanduser()
    for name in dict.fromkeys((placement.model, *chosen.settings.allowed_models)):
        if chosen.settings.engine not in ENGINES_WITH_MODELS:
            yield Finding(OK, "model", name)
        elif present(name, home):
            yield Finding(OK, "model", f"{name} is here")
        else:
            cure = f"the runner fetches it at its start; or now: whisper-spool models pull {name}"
            yield Finding(WARN, "model", f"{name} is not in {home} yet", cure)


def running(chosen: Chosen) -> Iterator[Finding]:
    """The runner."""
    from runner import spool
    from runner.cli.health import judged

    layout, name = chosen.layout, chosen.settings.runner_name
    if not layout.run.is_dir() or not spool.runner_alive(layout, name):
        seen = f"none named {name} is at work"
        yield Finding(WARN, "runner", seen, "start it: whisper-spool run")
        return
    verdict = judged(chosen)
    if verdict.ok:
        yield Finding(OK, "runner", f"{name} is at work and well")
    yield from (Finding(FAIL, "runner", reason) for reason in verdict.reasons)
    yield from (Finding(WARN, "runner", warning) for warning in verdict.warnings)
    if spool.clock_doubted(layout):
        seen = "it was changed while a runner was at work; nothing is pruned"
        cure = "look at `date`, then: whisper-spool prune --clock-is-right"
        yield Finding(WARN, "clock", seen, cure)


CHECKS = (settings, system, engine, device, running)
