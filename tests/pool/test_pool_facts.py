"""The pure parts: what an end means, what a clock says, what a peer may say, what output stays."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.dispatcher.brakes import Brakes
from runner.job.exits import WorkerExit
from runner.job.outcomes import OutcomeKind, Refusal
from runner.job.wire import Order, time_limit
from runner.pool import channel, memory
from runner.pool.channel import Channel
from runner.pool.outcomes import Confession, Facts, outcome_of
from runner.pool.output import HEAD, TAIL, Output
from runner.pool.processes import Exit
from runner.pool.watch import Clock
from runner.telemetry.log import logger

EXITS = [Exit(), *(Exit(code=code) for code in (0, 1, 65, 69, 71, 74, 75, 255))]
EXITS += [Exit(signal=number) for number in (6, 7, 9, 11, 14, 15, 64)]
STOPS = [None, OutcomeKind.CANCELLED, OutcomeKind.OVERDUE]


def confessed(kind: str, code: str = "", *, foreign: bool = False) -> Confession:
    """What a worker said of itself."""
    return Confession(kind=kind, code=code, reason="words", foreign=foreign)


CONFESSED = [None, confessed("refused", "no_audio"), confessed("refused", "nonsense")]
CONFESSED += [confessed("over_memory", foreign=True), confessed("end"), confessed("nonsense")]


def test_every_end_has_an_outcome() -> None:
    """Whatever is known of a dead worker, there must be one outcome, and a reason in words."""
    flags = (True, False)
    for gone, stop, said, *rest in itertools.product(
        EXITS, STOPS, CONFESSED, flags, flags, flags, flags
    ):
        ordered, end, template_died, oom_killed = rest
        facts = Facts(
            exit=gone, stopped=stop, stop_reason="we stopped it" if stop else "", refused=said,
            ordered=ordered, end=end, template_died=template_died, oom_killed=oom_killed,
        )  # fmt: skip
        outcome = outcome_of(facts)
        assert (outcome.kind is OutcomeKind.END) == end
        assert outcome.reason or end
        assert outcome.kind is not OutcomeKind.REFUSED or outcome.code in set(Refusal)
        if not ordered and not (end or stop):
            assert outcome.kind is not OutcomeKind.CRASHED, facts


@pytest.mark.parametrize(
    ("facts", "kind", "code"),
    [
        ({"exit": Exit(signal=signal.SIGSEGV)}, "crashed", "SIGSEGV"),
        ({"exit": Exit(signal=signal.SIGALRM)}, "overdue", "SIGALRM"),
        ({"exit": Exit(signal=signal.SIGKILL)}, "crashed", "SIGKILL"),
        ({"exit": Exit(signal=signal.SIGKILL), "oom_killed": True}, "over_memory", "SIGKILL"),
        ({"exit": Exit(code=0)}, "crashed", "no_end"),
        ({"exit": Exit(code=WorkerExit.REFUSED)}, "crashed", "exit_65"),
        ({"exit": Exit(code=WorkerExit.ORPHAN)}, "crashed", "exit_75"),
        ({"exit": Exit(code=69), "refused": confessed("engine_failed")}, "engine_failed", ""),
        ({"exit": Exit(code=74), "refused": confessed("spool_error")}, "spool_error", ""),
        ({"exit": Exit(code=65), "refused": confessed("refused", "x")}, "crashed", "x"),
        ({"exit": Exit(signal=9), "template_died": True}, "interrupted", "template_died"),
        ({"exit": Exit(signal=11), "ordered": False}, "engine_failed", "SIGSEGV"),
        ({"exit": Exit(signal=9), "stopped": OutcomeKind.STALLED}, "stalled", ""),
        ({"exit": Exit(signal=11), "end": True, "stopped": OutcomeKind.OVERDUE}, "end", ""),
    ],
)
def test_what_an_end_means(facts: dict[str, Any], kind: str, code: str) -> None:
    """END wins, then what we did, then a confession, then the way it ended."""
    outcome = outcome_of(Facts(**facts))
    assert (outcome.kind, outcome.code) == (kind, code)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Exit(signal=signal.SIGKILL), "was killed by another program or the system (SIGKILL)"),
        (Exit(signal=signal.SIGTERM), "was killed by another program or the system (SIGTERM)"),
        (Exit(signal=signal.SIGSEGV), "crashed (SIGSEGV)"),
        (Exit(signal=signal.SIGABRT), "crashed (SIGABRT)"),
        (Exit(code=0), "ended without a result (exit code 0)"),
        (Exit(code=3), "ended with exit code 3"),
        (Exit(), "ended, nobody knows how"),
    ],
)
def test_a_crash_in_plain_words(end: Exit, words: str) -> None:
    """Why a worker died must be a sentence that somebody understands who knows no signals."""
    assert outcome_of(Facts(exit=end)).reason == f"the worker {words}"


@pytest.mark.parametrize(
    ("timeout", "audio", "limit"),
    [
        (None, None, 86400),
        (None, 10, 1800),
        (None, 300, 1800),
        (None, 301, 1806),
        (None, 14399, 86394),
        (None, 20000, 86400),
        (7.5, None, 7.5),
        (7.5, 3600, 7.5),
        (172800, 10, 172800),
    ],
)
def test_the_deadline(timeout: float | None, audio: float | None, limit: float) -> None:
    """``auto`` is max(1800 s, 6 x audio), a day at most and until the length is known."""
    assert time_limit(timeout, audio) == limit


def clock(timeout: float | None = None, stall: float = 300.0) -> Clock:
    """A clock that started at 1000."""
    order = Order(
        job="j", attempt=1, source="s", attempt_dir="a", source_name="s", source_size=0,
        options={}, formats=("txt",), timeout_seconds=timeout,
    )  # fmt: skip
    return Clock.start(order, stall_seconds=stall, now=1000.0)


def test_a_clock_runs_from_the_order() -> None:
    """Overdue from the order on, stalled from the last sign of life on; overdue is said first."""
    running = clock(timeout=60, stall=10)
    assert running.due == 1010
    assert running.overrun(1009.9) is None
    assert running.overrun(1010) == (OutcomeKind.STALLED, "no progress for 10 s")
    running.last_sign = 1055
    assert running.due == 1060
    assert running.overrun(1059.9) is None
    assert running.overrun(1066) == (OutcomeKind.OVERDUE, "not done after its 60 s")


def test_the_length_sets_the_deadline() -> None:
    """With ``auto`` the deadline must be the day's until the worker reports the length."""
    running = clock(stall=1e6)
    assert running.limit_seconds == 86400
    running.audio_seconds = 600
    assert running.due == 1000 + 3600


def test_the_engine_brake_grows() -> None:
    """Pauses must double from 5 s to 5 min and begin anew once a transcript was made."""
    brakes = Brakes(logger())

    def pause() -> float:
        brakes.engine_failed("no", 100.0)
        return (brakes.wakes_at(100.0) or 0) - 100

    assert [pause() for _ in range(8)] == [5, 10, 20, 40, 80, 160, 300, 300]
    brakes.engine_up()
    assert not brakes.holding(100.0)
    assert pause() == 300
    brakes.engine_worked()
    assert pause() == 5


@pytest.mark.parametrize(
    "garbage",
    [b"no json\n", b"[1, 2]\n", b"\xff\xfe\n", b"[" * 5000 + b"\n", b"x" * 200_000, b"null\n"],
)
def test_a_peer_that_talks_garbage_is_hung_up(garbage: bytes) -> None:
    """What is no JSON object, or a line without an end, must count as a closed connection."""
    ours, theirs = channel.pair()
    ear = Channel(ours)
    theirs.sendall(b'{"event": "ready"}\n')
    theirs.setblocking(False)  # noqa: FBT003 - positional only
    heard: list[dict[str, Any]] = []
    sent = 0
    while not ear.closed and sent < len(garbage):
        sent += theirs.send(garbage[sent:])
        heard += ear.read()
    heard += ear.read()
    assert heard == [{"event": "ready"}]
    assert ear.closed
    ear.close()
    theirs.close()


def open_files() -> int:
    """How many descriptors this process has."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_descriptors_of_an_untrusted_peer_are_thrown_away() -> None:
    """A worker that sends descriptors must not be able to fill our table; a template may send."""
    for trusted in (False, True):
        ours, theirs = channel.pair()
        ear = Channel(ours, trusted=trusted)
        before = open_files()
        socket.send_fds(theirs, [b'{"event": "forked"}\n'], [0, 0, 0])
        assert ear.read() == [{"event": "forked"}]
        assert open_files() - before == (3 if trusted else 0)
        ear.close()
        assert open_files() < before
        theirs.close()


def test_half_messages_and_many_messages() -> None:
    """Messages must come whole however they were cut, in order, and none twice."""
    ours, theirs = channel.pair()
    ear = Channel(ours)
    lines = b"".join(json.dumps({"n": number}).encode() + b"\n" for number in range(100))
    heard = []
    for start in range(0, len(lines), 7):
        theirs.sendall(lines[start : start + 7])
        heard += [message["n"] for message in ear.read()]
    theirs.close()
    assert heard + ear.drain() == list(range(100))
    assert ear.closed
    ear.close()


@pytest.mark.parametrize("size", [0, 100, HEAD, HEAD + TAIL, HEAD + TAIL + 1, 3 * (HEAD + TAIL)])
def test_output_keeps_head_and_tail(size: int) -> None:
    """The first 16 and the last 64 KiB must be kept, with a line where something is missing."""
    reading, writing = os.pipe()
    output = Output(reading)
    text = "".join(chr(ord("a") + number * 7 % 26) for number in range(size))
    rest = text.encode()
    while rest:
        rest = rest[os.write(writing, rest[:50_000]) :]
        output.read()
    os.close(writing)
    output.read()
    assert output.closed
    left_out = max(size - HEAD - TAIL, 0)
    if not left_out:
        assert output.text() == text
    else:
        gap = f"\n[… {left_out} bytes left out …]\n"
        assert output.text() == text[:HEAD] + gap + text[-TAIL:]
    output.close()


def test_one_read_is_bounded() -> None:
    """However much waits in the pipe, one call must take 256 KiB at most and not block."""
    reading, writing = os.pipe()
    output = Output(reading)
    os.set_blocking(writing, False)
    os.write(writing, b"x" * 1000)
    output.read()
    output.read()
    assert output.text() == "x" * 1000
    os.close(writing)
    output.close()


def test_private_memory_is_one_s_own() -> None:
    """What a process has written counts, what it has only mapped from a file does not."""
    script = "import sys\nfor size in sys.stdin:\n x = bytearray(b'x') * int(size)\n print('grown')"
    with subprocess.Popen(
        [sys.executable, "-uc", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        sizes = []
        for size in (1, 20 * 1024**2):
            child.stdin.write(f"{size}\n")
            child.stdin.flush()
            child.stdout.readline()
            sizes.append(memory.private_bytes(child.pid))
        child.stdin.close()
    assert 15 * 1024**2 < sizes[1] - sizes[0] < 25 * 1024**2
    assert memory.private_bytes(2**22 + 1) == 0
    assert Path("/proc/self/smaps_rollup").exists()
