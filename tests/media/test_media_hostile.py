"""Bombs, playlists, lies: bounded, and nothing else is opened."""

import socket
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from runner import media
from runner.job.errors import MediaError
from runner.media import allowed
from tests.media.sounds import RECIPES, Recipe, tone, write, write_wav

BOMB = """
import resource, sys
from pathlib import Path
from runner import media
from runner.job.errors import MediaError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    media.decode(Path(sys.argv[1]), max_seconds=60)
except MediaError as error:
    print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def refusal(path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        media.decode(path, max_seconds=3600)
    return caught.value.code


def test_hours_of_silence_stop_at_the_limit(tmp_path: Path) -> None:
    """A small file of 2 h must be refused as ``too_long`` without memory for 2 h."""
    path = tmp_path / "source"
    _write_silence(path, seconds=7200)
    assert path.stat().st_size < 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", BOMB, path], capture_output=True, text=True, check=True
    )
    code, kilobytes = done.stdout.split()
    assert code == "too_long"
    assert int(kilobytes) < 60_000  # 2 h would be 460,000


def _write_silence(path: Path, *, seconds: int) -> None:
    """Write silence as FLAC in frames of 64 K samples, as a bomb's maker would."""
    silence = av.AudioFrame.from_ndarray(
        np.zeros((1, 65535), np.int16), format="s16", layout="mono"
    )
    silence.rate, silence.time_base = 8000, Fraction(1, 8000)
    with av.open(str(path), "w", format="flac") as made:
        track = made.add_stream("flac", rate=8000, options={"frame_size": "65535"})
        assert isinstance(track, av.AudioStream)
        track.codec_context.layout = "mono"
        for start in range(0, seconds * 8000, 65535):
            silence.pts = start
            made.mux(track.encode(silence))
        made.mux(track.encode(None))


def test_the_limit_is_of_decoded_sound(tmp_path: Path) -> None:
    """A recording at the limit passes, one past it does not, whatever its header says."""
    path = write_wav(tmp_path / "source", np.zeros(16000 * 10, np.int16))
    assert media.decode(path, max_seconds=10).seconds == 10
    with pytest.raises(MediaError, match="longer than 9 s") as caught:
        media.decode(path, max_seconds=9)
    assert caught.value.code == "too_long"


def test_a_sample_rate_of_1_hz_is_refused(tmp_path: Path) -> None:
    """One byte must not become 16,000 samples."""
    assert refusal(write_wav(tmp_path / "source", np.ones(9000, np.int16), rate=1)) == "damaged"


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
    "m3u": "#EXTM3U\n#EXTINF:9,x\n{target}\n",
    "concat": "ffconcat version 1.0\nfile '{target}'\n",
    "pls": "[playlist]\nFile1={target}\nNumberOfEntries=1\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
    "<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
    "asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_nothing(kind: str, tmp_path: Path) -> None:
    """A playlist named .mp3 must be refused, whatever local file it names."""
    secret = write(tmp_path, RECIPES["a.mp3"], name="secret.mp3")
    path = tmp_path / "talk.mp3"
    path.write_text(PLAYLISTS[kind].format(target=secret))
    assert refusal(path) == "not_media"


@pytest.mark.parametrize("kind", ["hls", "m3u", "concat", "dash"])
def test_a_playlist_calls_nobody(kind: str, tmp_path: Path) -> None:
    """A playlist that names a URL must not make a connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        path = tmp_path / "talk.mp3"
        path.write_text(PLAYLISTS[kind].format(target=f"http://127.0.0.1:{port}/a.mp3"))
        assert refusal(path) == "not_media"
        with pytest.raises(TimeoutError):
            server.accept()


def test_sound_in_another_file_is_not_fetched(tmp_path: Path) -> None:
    """A mov whose track refers to another file must not give that file's sound."""
    write(tmp_path, Recipe("secret", "mov", "pcm_s16le", 16000), seconds=5, name="secret.mov")
    path = write(tmp_path, Recipe("a.mov", "mov", "pcm_s16le", 16000), seconds=5)
    path.write_bytes(_referring(path.read_bytes(), b"secret.mov"))
    # Its own bytes are silenced: sound could come from nowhere but the other file.
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    path.write_bytes(data[:start] + bytes(160_000) + data[start + 160_000 :])
    try:
        audio = media.decode(path, max_seconds=60)
    except MediaError:
        return
    assert not audio.samples.any()


def _referring(movie: bytes, name: bytes) -> bytes:
    """Return the movie with its data reference turned into an alias of a file beside it."""
    record = bytearray(150)
    record[10 : 10 + 27] = bytes([len(b"disk")]) + b"disk".ljust(26, b"\0")
    record[50 : 50 + 64] = bytes([len(name)]) + name.ljust(63, b"\0")
    tail = struct.pack(">HH", 2, len(name)) + name + bytes(len(name) % 2)
    tail += struct.pack(">HH", 18, 1) + b"/\0" + struct.pack(">HH", 0xFFFF, 0)
    body = bytes(4) + bytes(record) + tail
    entry = struct.pack(">I", len(body) + 8) + b"alis" + body
    found = movie.index(b"dref") - 4
    size = struct.unpack_from(">I", movie, found)[0]
    reference = b"dref" + bytes(4) + struct.pack(">I", 1) + entry
    reference = struct.pack(">I", len(reference) + 4) + reference
    grown = bytearray(movie[:found] + reference + movie[found + size :])
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        at = grown.rindex(parent, 0, found) - 4
        old = struct.unpack_from(">I", grown, at)[0]
        struct.pack_into(">I", grown, at, old + len(reference) - size)
    return bytes(grown)


def test_only_known_formats_can_be_chosen() -> None:
    """No demuxer that opens other files may be on the list, and no protocol at all."""
    dangerous = {
        "hls",
        "applehttp",
        "concat",
        "dash",
        "image2",
        "lavfi",
        "sdp",
        "rtsp",
        "ffmetadata",
    }
    assert not dangerous & set(allowed.CONTAINERS)
    assert allowed.OPTIONS["protocol_whitelist"] == "none"
    assert allowed.OPTIONS["enable_drefs"] == "0"


def test_mutated_recordings_never_surprise(tmp_path: Path) -> None:
    """300 mutants of all formats must end in sound or a ``MediaError``."""
    rng = np.random.default_rng(11)
    originals = [write(tmp_path, r, seconds=1, name=n).read_bytes() for n, r in RECIPES.items()]
    path = tmp_path / "source"
    for number in range(300):
        path.write_bytes(_mutant(bytearray(originals[number % len(originals)]), rng))
        try:
            assert media.decode(path, max_seconds=60).seconds > 0
        except MediaError as error:
            assert error.code in {"damaged", "not_media", "no_audio", "too_long"}


def _mutant(data: bytearray, rng: np.random.Generator) -> bytes:
    reach = int(rng.choice([64, 1024, len(data)]))
    for _ in range(int(rng.integers(1, 20))):
        data[int(rng.integers(0, min(reach, len(data))))] = int(rng.integers(0, 256))
    if rng.random() < 0.3:
        start = int(rng.integers(0, len(data)))
        del data[start : start + int(rng.integers(1, 2000))]
    return bytes(data)


def test_the_tone_is_what_the_other_tests_think() -> None:
    """The test signal itself must not be silent."""
    assert np.abs(tone(1, 16000)).max() > 0.2
