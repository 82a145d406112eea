"""The doctor's look at everything but the folders: settings, engine, device, model, runner."""

import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from runner.cli.findings import Finding, fail, ok, warn

if TYPE_CHECKING:
    from runner.cli.chosen import Chosen

Check = Callable[["Chosen"], Iterator[Finding]]
PAUSE_SECONDS = 0.05
NEEDS = {"openai-whisper": ("torch", "whisper", "av")}
"""The modules that an engine of a short name needs."""


def settings(chosen: "Chosen") -> Iterator[Finding]:
    """The settings."""
    from runner.config import explain, settings_file, slips

    rows = explain(chosen.settings, chosen.file, chosen.overrides)
    changed = [name for name, _, source in rows if source != "default"]
    file = settings_file(chosen.file)
    where = f"from {file}" if file else "no file"
    yield ok("settings", f"{where}; {len(changed)} differ from the default")
    for variable, meant in slips().items():
        yield warn("settings", f"{variable} is no setting", f"if {meant} is meant, call it so")


def program(_chosen: "Chosen") -> Iterator[Finding]:
    """Python and the system."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.platform == "linux":
        yield ok("system", f"Linux, Python {version}")
    else:
        seen = f"{sys.platform}, Python {version}: no leases, no pidfds, no parent-death signal"
        yield warn("system", seen, "see the table in ARCHITECTURE.md")


def engine(chosen: "Chosen") -> Iterator[Finding]:
    """The engine."""
    name = chosen.settings.engine
    for module in NEEDS.get(name, (name,)):
        if not _there(module):
            cure = "pip install -r requirements.txt" if name in NEEDS else "see RUNNER_ENGINE"
            yield fail("engine", f"{name}: there is no module {module}", cure)
            return
    yield ok("engine", name)


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def device(chosen: "Chosen") -> Iterator[Finding]:
    """The device, and the model that follows from it."""
    from runner.pool.machine import detect
    from runner.pool.probe import Placing

    placing = Placing(chosen.settings, detect())
    try:
        while (placement := placing.step(time.monotonic())) is None:
            time.sleep(PAUSE_SECONDS)
    finally:
        placing.close()
    slots = f"{placement.slots} slot" + ("s" if placement.slots > 1 else "")
    work = f"{slots} of {placement.threads} threads, workers by {placement.method}"
    devices = ", ".join(dict.fromkeys(placement.devices))
    yield ok("device", f"{devices} ({placement.why}); {work}")
    yield from _model(chosen, placement.model)


def _model(chosen: "Chosen", model: str) -> Iterator[Finding]:
    from runner.dispatcher.fetching import ENGINES_WITH_MODELS, present

    if chosen.settings.engine not in ENGINES_WITH_MODELS:
        yield ok("model", model)
        return
    home = chosen.settings.model_dir.expanduser()
    for name in dict.fromkeys((model, *chosen.settings.allowed_models)):
        if present(name, home):
            yield ok("model", f"{name} is here")
        else:
            cure = f"the runner fetches it at its start; or now: whisper-spool models pull {name}"
            yield warn("model", f"{name} is not in {home} yet", cure)


def running(chosen: "Chosen") -> Iterator[Finding]:
    """The runner."""
    from runner import spool
    from runner.cli.health import judged

    layout, name = chosen.layout, chosen.settings.runner_name
    if not layout.run.is_dir() or not spool.runner_alive(layout, name):
        yield warn("runner", f"none named {name} is at work", "start it: whisper-spool run")
        return
    verdict = judged(chosen, name)
    for reason in verdict.reasons:
        yield fail("runner", reason)
    for warning in verdict.warnings:
        yield warn("runner", warning)
    if verdict.ok:
        yield ok("runner", f"{name} is at work and well")
    if spool.clock_doubted(layout):
        cure = "look at `date`, then: whisper-spool prune --clock-is-right"
        yield warn("clock", "it was changed while a runner was at work; nothing is pruned", cure)


CHECKS: tuple[Check, ...] = (settings, program, engine, device, running)
