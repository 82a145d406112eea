"""The templates: one for each model in use, replaced before they grow old.

Purpose: ``Templates``: started when needed, followed, retired.
Guarantees: at most ``ALIVE`` models at a time (least recently used goes first); a template that
has forked ``template_forks`` times or has grown is replaced only when its successor is ready; a
retired one lives until its last worker has gone, because its death would take them along.
Diagnostics: one that dies while it loads has failed, with its own words or its log tail.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from runner.pool.events import Event, Noted
from runner.pool.hiring import Hiring
from runner.pool.template import Template, TemplateState

ALIVE = 2

Tell = Callable[[Event], None]
Hear = Callable[[Template, dict[str, Any], float], None]


class Templates:
    """All templates of a pool. ``hear`` gets their messages about workers."""

    def __init__(
        self, hiring: Hiring, *, forks: int, load_seconds: float, hear: Hear, tell: Tell
    ) -> None:
        self._hiring = hiring
        self._forks = forks
        self._load_seconds = load_seconds
        self._hear = hear
        self._tell = tell
        self._current: dict[str, Template] = {}
        self.alive: dict[int, Template] = {}

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
            while len(self._current) >= ALIVE:
                oldest = min(self._current.values(), key=lambda template: template.used)
                self._retire(self._current.pop(oldest.model))
            template = self._current[model] = self._start(model, now)
        template.used = now
        return template

    def step(self, now: float) -> list[Template]:
        """Hear them, do what is due; return those that died."""
        for template in list(self.alive.values()):
            self._follow(template, template.lines.read(), now)
            if template.lines.channel.closed and template.closed_at is None:
                template.kill()
            if template.state is TemplateState.LOADING:
                if now - template.started >= self._load_seconds:
                    template.kill(f"not loaded within {self._load_seconds:g} s")
            elif template.state is TemplateState.READY:
                self._replace_worn(template, now)
            elif not template.workers:
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
            template.hang_up(now)

    def _start(self, model: str, now: float) -> Template:
        template = self._hiring.template(model, now=now)
        self.alive[template.number] = template
        self._become(template, TemplateState.LOADING)
        return template

    def _follow(self, template: Template, messages: Iterable[dict[str, Any]], now: float) -> None:
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
            with suppress(OSError):  # no descriptors, no processes: it serves on, next time then
                template.successor = self._start(template.model, now).number

    def _retire(self, template: Template) -> None:
        heir = self.alive.get(template.successor or 0)
        for other in (heir, template):
            if other and other.state is TemplateState.LOADING:
                other.kill("not needed any more")
        self._become(template, TemplateState.RETIRED)

    def _bury(self, template: Template, now: float) -> bool:
        """It has ended: read its last words, let go of it."""
        self._follow(template, template.lines.last_words(), now)
        failed = template.state is TemplateState.LOADING
        template.reason = template.describe_end() if failed else template.reason
        self._become(template, TemplateState.FAILED if failed else TemplateState.GONE)
        del self.alive[template.number]
        if self._current.get(template.model) is template:
            del self._current[template.model]
        for old in self.alive.values():
            if old.successor == template.number:
                old.successor, old.forks = None, self._forks // 2  # try again later
        template.close()
        return True

    def _become(self, template: Template, state: TemplateState) -> None:
        template.state = state
        facts = {"model": template.model, "state": str(state), "pid": template.process.pid}
        said = {"reason": template.reason} if template.reason else {}
        self._tell(Noted(word="template_changed", facts=facts | said))
