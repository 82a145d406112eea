"""The templates: one for each model in use, replaced before they grow old.

Purpose: ``Templates``: started when needed, followed, retired.
Guarantees: at most ``ALIVE`` models at a time (least recently used goes first); a template that
has forked ``template_forks`` times or has grown is replaced only when its successor is ready; a
retired one lives until its last worker has gone, because its death would take them along.
Diagnostics: one that dies while it loads has failed, with its own words or its log tail.
"""

from collections.abc import Callable, Mapping
from typing import Any

from runner.job.wire import Spec
from runner.pool.ears import Ears
from runner.pool.events import Event, TemplateChanged
from runner.pool.template import Template, TemplateState, launch

ALIVE = 2

Tell = Callable[[Event], None]
Hear = Callable[[Template, dict[str, Any], float], None]


class Templates:
    """All templates of a pool. ``hear`` gets their messages about workers."""

    def __init__(
        self, *, ears: Ears, spec_of: Callable[[str], Spec], environment: Mapping[str, str],
        forks: int, load_seconds: float, hear: Hear, tell: Tell,
    ) -> None:  # fmt: skip
        self._ears = ears
        self._spec_of = spec_of
        self._environment = environment
        self._forks = forks
        self._load_seconds = load_seconds
        self._hear = hear
        self._tell = tell
        self._current: dict[str, Template] = {}
        self.alive: dict[int, Template] = {}
        self.started = 0

    @property
    def state(self) -> str:
        """What ``status`` shows."""
        states = {template.state for template in self._current.values()}
        best = (TemplateState.READY, TemplateState.LOADING)
        return next((str(state) for state in best if state in states), "none")

    def get(self, model: str, now: float) -> Template:
        """Return the template of ``model``, maybe still loading; start one where there is none."""
        template = self._current.get(model)
        if template is None:
            self._make_room()
            template = self._current[model] = self._start(model, now)
        template.used = now
        return template

    def step(self, now: float) -> list[Template]:
        """Do what is due; return the templates that died."""
        for template in list(self.alive.values()):
            if template.state is TemplateState.LOADING:
                if now - template.started >= self._load_seconds:
                    template.kill(f"not loaded within {self._load_seconds:g} s")
            elif template.state is TemplateState.READY:
                self._replace_worn(template, now)
            elif not template.workers:
                self._ears.remove(template.channel)
                template.hang_up(now)
        return [t for t in list(self.alive.values()) if t.process.poll() and self._bury(t, now)]

    def serves(self, model: str) -> bool:
        """Return whether ``model`` has a template, maybe still loading."""
        return model in self._current

    def retire_all(self) -> None:
        """Let all go, each when its last worker has gone: scale to zero."""
        for model in list(self._current):
            self._retire(self._current.pop(model))

    def hang_up_all(self, now: float) -> None:
        """Close every socket: the templates end their workers and go."""
        self._current.clear()
        for template in self.alive.values():
            self._ears.remove(template.channel)
            template.hang_up(now)

    def _start(self, model: str, now: float) -> Template:
        self.started += 1
        template = launch(
            self.started, self._spec_of(model), environment=self._environment, now=now
        )
        self.alive[template.number] = template
        self._ears.add(template.channel, lambda now: self._listen(template, now))
        self._ears.add_drain(template.output)
        if template.process.pidfd is not None:
            self._ears.add(template.process.pidfd, lambda _now: None)
        self._become(template, TemplateState.LOADING)
        return template

    def _listen(self, template: Template, now: float) -> None:
        self._follow(template, template.channel.read(), now)
        if template.channel.closed:
            self._ears.remove(template.channel)
            template.kill("the template hung up")

    def _follow(self, template: Template, messages: list[dict[str, Any]], now: float) -> None:
        for message in messages:
            if message.get("event") == "ready":
                self._succeed(template)
            elif message.get("event") == "failed":
                template.reason = str(message.get("reason"))
            else:
                self._hear(template, message, now)

    def _succeed(self, template: Template) -> None:
        """It is ready: if it was made to replace another, do."""
        if template.state is not TemplateState.LOADING:
            return
        self._become(template, TemplateState.READY)
        for old in self.alive.values():
            if old.successor == template.number and self._current.get(template.model) is old:
                self._current[template.model] = template
                self._retire(old)

    def _replace_worn(self, template: Template, now: float) -> None:
        current = self._current.get(template.model) is template
        if current and template.successor is None and template.worn(self._forks, now):
            template.successor = self._start(template.model, now).number

    def _retire(self, template: Template) -> None:
        heir = self.alive.get(template.successor or 0)
        if heir and heir.state is TemplateState.LOADING:
            heir.kill("not needed any more")
        if template.state is TemplateState.LOADING:
            template.kill("not needed any more")
        self._become(template, TemplateState.RETIRED)

    def _make_room(self) -> None:
        while len(self._current) >= ALIVE:
            oldest = min(self._current.values(), key=lambda template: template.used)
            self._retire(self._current.pop(oldest.model))

    def _bury(self, template: Template, now: float) -> bool:
        """It has ended: read its last words, let go of it."""
        self._follow(template, template.channel.drain(), now)
        template.output.read()
        failed = template.state is TemplateState.LOADING
        template.reason = template.describe_end() if failed else template.reason
        self._become(template, TemplateState.FAILED if failed else TemplateState.GONE)
        del self.alive[template.number]
        if self._current.get(template.model) is template:
            del self._current[template.model]
        for old in self.alive.values():
            if old.successor == template.number:
                old.successor, old.forks = None, self._forks // 2  # try again later
        process = template.process
        self._ears.remove(template.channel, template.output, process.pidfd)
        template.close()
        return True

    def _become(self, template: Template, state: TemplateState) -> None:
        template.state = state
        pid, reason = template.process.pid, template.reason
        self._tell(TemplateChanged(model=template.model, state=state, pid=pid, reason=reason))
