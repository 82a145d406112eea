"""Stopped before every durable step, and again at every step of the recovery.

Given a job on its way, when the runner dies before step n and its successor dies before step m,
then after the next start the recording is in exactly one place, its result was delivered exactly
once, and the marker never came before the rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from runner import spool
from runner.durable import calls
from runner.job.record import Reason
from runner.job.states import State
from tests.spool.stopper import Stopped, Stopper
from tests.spool.world import NOW, World

Prepare = Callable[[World], Callable[[], object]]


@dataclass
class Reader:
    """Looks into the outbox between all steps; a greedy one takes what it sees away."""

    outbox: Path
    greedy: bool
    seen: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    marker_first: bool = False

    def look(self) -> None:
        """Note what is visible; complain about what has changed."""
        visible = sorted(p for p in self.outbox.iterdir() if p.is_file())
        known = {"talk.srt", "talk-2.srt"} & {*self.seen, *(path.name for path in visible)}
        self.marker_first |= any(path.suffix == ".json" for path in visible) and not known
        for path in visible:
            text = path.read_text()
            if path.name in self.texts:
                assert self.texts[path.name] == text, f"{path.name} changed"
                continue
            self.seen.append(path.name)
            self.texts[path.name] = text
            if self.greedy:
                path.unlink()
                del self.texts[path.name]


def worlds(tmp_path: Path, **law: object) -> Iterator[World]:
    """Yield one fresh spool after the other."""
    for number in count():
        layout = spool.Layout(tmp_path / str(number))
        spool.prepare(layout)
        yield World(layout, law=spool.PublishLaw(**law))  # type: ignore[arg-type]


def run(
    tmp_path: Path,
    prepare: Prepare,
    check: Callable[[World, Reader], None],
    *,
    greedy: bool = False,
    twice: bool = True,
    **law: object,
) -> int:
    """Stop ``prepare``'s action before each step n, its recovery before each step m."""
    supply = worlds(tmp_path, **law)
    for n in count(1):
        for m in count(1):
            world = next(supply)
            act = prepare(world)
            reader = Reader(world.layout.outbox, greedy)
            first, second = Stopper(n, reader.look), Stopper(m, reader.look)
            with first:
                act()
            world.close()
            with second:
                world.recover_all()
            world.close()
            world.recover_all()
            world.close()
            reader.look()
            check(world, reader)
            if not first.dead() and not second.dead():
                return n
            if not twice or not second.dead():
                break
    raise AssertionError


def in_one_place(world: World, _reader: Reader) -> None:
    """The recording must be in exactly one place."""
    assert len(world.places_of("sound")) == 1, world.places_of("sound")


def delivered_once(world: World, reader: Reader) -> None:
    """The job is done and each rendering was visible once, the marker last."""
    assert sorted(reader.seen) == ["talk.json", "talk.srt"], reader.seen
    assert not reader.marker_first
    assert list(world.states().values()) == ["done"]
    in_one_place(world, reader)


@pytest.mark.usefixtures("quick")
def test_stopped_in_a_claim_the_recording_is_in_one_place(tmp_path: Path) -> None:
    """A claim that is stopped anywhere must leave the file in the inbox or in one job."""

    def prepare(world: World) -> Callable[[], object]:
        entry = world.entry(world.drop())
        return lambda: world.try_claim(entry)

    def check(world: World, reader: Reader) -> None:
        in_one_place(world, reader)
        assert set(world.states().values()) <= {"deferred"}
        spool.sweep_staging(world.layout, now=NOW * 10, keep_seconds=1, budget=99)
        in_one_place(world, reader)
        assert list(world.layout.staging.iterdir()) == []

    assert run(tmp_path, prepare, check) > 5


@pytest.mark.usefixtures("quick")
def test_stopped_in_a_claim_the_sidecar_goes_with_its_recording(tmp_path: Path) -> None:
    """The sidecar must stand beside the file in the inbox, or be with the job in the end."""

    def prepare(world: World) -> Callable[[], object]:
        sidecar = world.drop("talk.mp3.toml", "language = 'en'")
        entry = world.entry(world.drop(), sidecar=sidecar, options={"language": "en"})
        return lambda: world.try_claim(entry)

    def check(world: World, _reader: Reader) -> None:
        (sound,), (options,) = world.places_of("sound"), world.places_of("language = 'en'")
        assert Path(sound).parent == Path(options).parent

    run(tmp_path, prepare, check)


@pytest.mark.usefixtures("quick")
def test_stopped_in_begin_the_job_waits(tmp_path: Path) -> None:
    """A begin that is stopped anywhere must leave the job waiting with its source."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.claim()
        return lambda: world.begin(held)

    def check(world: World, reader: Reader) -> None:
        in_one_place(world, reader)
        ((job, state),) = world.states().items()
        assert state == "deferred"
        held = world.take(State.DEFERRED, job)
        assert held.record.charged == 0
        assert held.record.current is None

    run(tmp_path, prepare, check)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("greedy", [False, True], ids=["patient reader", "greedy reader"])
def test_stopped_in_publish_the_result_comes_once(tmp_path: Path, *, greedy: bool) -> None:
    """A publish that is stopped anywhere must go forward and deliver each rendering once."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.finished()
        return lambda: spool.publish(held, world.law, now=NOW)

    assert run(tmp_path, prepare, delivered_once, greedy=greedy) > 10


@pytest.mark.usefixtures("quick")
def test_stopped_in_publish_by_links_the_result_comes_once(tmp_path: Path) -> None:
    """The same must hold where a move is link and unlink, but for the greedy reader."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.finished()
        return lambda: spool.publish(held, world.law, now=NOW)

    run(tmp_path, prepare, delivered_once, linux_calls=False)


@pytest.mark.usefixtures("quick")
def test_stopped_in_a_clash_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where a stranger has the name, the result must come under the next number, once."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.finished()

        def act() -> None:
            spool.publish(held, world.law, now=NOW)

        spool.valid_end(held, 1)
        taken = world.layout.outbox / "talk.json"

        def intrude(*args: object, **more: object) -> None:
            if not taken.exists():
                taken.write_text("a stranger's")
            real(*args, **more)  # type: ignore[arg-type]

        real = calls.rename_noreplace

        def clash() -> None:
            calls.rename_noreplace, kept = intrude, calls.rename_noreplace
            try:
                act()
            finally:
                calls.rename_noreplace = kept

        return clash

    def check(world: World, reader: Reader) -> None:
        ours = {n: t for n, t in world.outbox().items() if t != "a stranger's"}
        assert len(ours) == 2
        assert set(ours) <= {"talk.srt", "talk.json", "talk-2.srt", "talk-2.json"}
        assert list(world.states().values()) == ["done"]
        in_one_place(world, reader)

    run(tmp_path, prepare, check, twice=False)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("greedy", [False, True], ids=["patient reader", "greedy reader"])
def test_stopped_in_bury_the_notice_comes_once(tmp_path: Path, *, greedy: bool) -> None:
    """A burial that is stopped must be finished, or the job waits; one notice at most."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.claim()
        reason = Reason(code="not_media", text="it is a text file")
        return lambda: spool.bury(held, reason, world.law, now=NOW)

    def check(world: World, reader: Reader) -> None:
        (state,) = world.states().values()
        assert reader.seen == (["talk.mp3.failed.txt"] if state == "failed" else [])
        assert state in {"failed", "deferred"}
        in_one_place(world, reader)

    run(tmp_path, prepare, check, greedy=greedy)


@pytest.mark.usefixtures("quick")
def test_stopped_in_defer_and_readmit_the_delay_is_kept(tmp_path: Path) -> None:
    """A defer that was recorded must keep its delay, whatever happened to its rename."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.claim()

        def act() -> None:
            spool.defer(held, delay=500.0, now=NOW)
            held.close()
            got = spool.readmit(world.layout, held.id, runner="another")
            assert isinstance(got, spool.Held)
            world.opened.append(got)

        return act

    def check(world: World, reader: Reader) -> None:
        ((job, state),) = world.states().items()
        assert state == "deferred"
        assert world.take(State.DEFERRED, job).record.delay in {0.0, 500.0}
        in_one_place(world, reader)

    run(tmp_path, prepare, check)


@pytest.mark.usefixtures("quick")
def test_stopped_in_retry_nothing_is_forgotten(tmp_path: Path) -> None:
    """A retry that is stopped must leave the job failed with its reason, or waiting."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.claim()
        world.begin(held)
        spool.bury(held, Reason(code="crashed", text="it crashed"), world.law, now=NOW)
        (held.path / "cancel").touch()
        return lambda: spool.retry(held, now=NOW)

    def check(world: World, reader: Reader) -> None:
        ((job, state),) = world.states().items()
        held = world.take(State(state), job)
        assert state in {"failed", "deferred"}
        assert held.record.reason is not None
        in_one_place(world, reader)
        if state == "failed":
            assert spool.retry(held, now=NOW)

    run(tmp_path, prepare, check)


@pytest.mark.usefixtures("quick")
def test_stopped_in_remove_a_sweep_finishes(tmp_path: Path) -> None:
    """A removal that is stopped must leave the whole job, or rubbish that the sweep takes."""

    def prepare(world: World) -> Callable[[], object]:
        held = world.finished()
        spool.publish(held, world.law, now=NOW)
        return lambda: spool.remove(held)

    def check(world: World, _reader: Reader) -> None:
        if world.states():
            assert len(world.places_of("sound")) == 1
        spool.sweep_staging(world.layout, now=NOW, keep_seconds=1, budget=99)
        assert list(world.layout.staging.iterdir()) == []

    run(tmp_path, prepare, check)


@pytest.mark.usefixtures("quick")
def test_the_stopper_stops(tmp_path: Path) -> None:
    """After the stop no step may have an effect: the tests above rest on it."""
    with Stopper(2):
        calls.mkdir(tmp_path / "one", 0o700)
        with pytest.raises(Stopped):
            calls.mkdir(tmp_path / "two", 0o700)
        with pytest.raises(Stopped):
            calls.mkdir(tmp_path / "three", 0o700)
    assert [p.name for p in tmp_path.iterdir()] == ["one"]
