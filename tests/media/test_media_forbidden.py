"""What libav would open and we do not: playlists, text, pictures, sound in other files.

Each case is shown twice: libav as it comes does open it, ours does not. So a libav that has
forgotten a format can't make these tests empty.
"""

import socket
import struct
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from runner import media
from runner.job.errors import MediaError
from runner.media import allowed
from runner.media.opening import Reader
from tests.media.sounds import RECIPES, Recipe, write


def refusal(path: Path) -> str:
    """The code with which it is refused."""
    with pytest.raises(MediaError) as caught:
        media.decode(path, max_seconds=3600)
    return caught.value.code


CONCAT = "ffconcat version 1.0\nfile '{target}'\n"
HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
PLAYLISTS = {
    "concat": CONCAT,
    "hls": HLS,
    "sdp": SDP,  # libav as it comes would listen on that port
    "m3u": "#EXTM3U\n#EXTINF:9,x\n{target}\n",
    "pls": "[playlist]\nFile1={target}\nNumberOfEntries=1\n",
    "asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
    "<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
}
"""Some libav knows, some only others do."""


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_nothing(kind: str, tmp_path: Path) -> None:
    """A playlist named .mp3 must be refused, whatever local file it names."""
    secret = write(tmp_path, RECIPES["a.mp3"], name="secret.mp3")
    path = tmp_path / "talk.mp3"
    path.write_text(PLAYLISTS[kind].format(target=secret))
    assert refusal(path) == "not_media"


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_calls_nobody(kind: str, tmp_path: Path) -> None:
    """A playlist that names a URL must not make a connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        path = tmp_path / "talk.mp3"
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.mp3"
        path.write_text(PLAYLISTS[kind].format(target=url))
        assert refusal(path) == "not_media"
        # A connection would stand in the backlog by now: opening waits for it.
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(("kind", "name"), [("concat", "talk.mp3"), ("hls", "talk.m3u8")])
def test_libav_itself_would_follow_a_playlist(kind: str, name: str, tmp_path: Path) -> None:
    """The playlists above must be real ones: without our lists they give the other file's sound."""
    write(tmp_path, RECIPES["a.ts"], name="secret.ts")
    path = tmp_path / name
    path.write_text(PLAYLISTS[kind].format(target="secret.ts"))
    with av.open(str(path)) as opened:
        assert opened.format.name == kind
        assert next(opened.decode(audio=0)).samples
    assert refusal(path) == "not_media"


def _picture(codec: str, pixels: str) -> bytes:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width = context.height = 16
    context.pix_fmt = pixels
    image = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
    return b"".join(bytes(packet) for packet in context.encode(image.reformat(format=pixels)))


CUE = "\n\n1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:03,000 --> 00:00:04,000\nWorld\n"
DIALOGUE = "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
DIALOGUE += "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Hello\n"
TED = '{"captions":[{"duration":1000,"content":"Hi","startOfParagraph":true,"startTime":0}]}'
OTHERS = {
    "ffmetadata": b";FFMETADATA1\ntitle=x\n",
    "srt": CUE.encode(),
    "webvtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n",
    "lrc": b"[ti:x]\n[00:01.00]Hello\n[00:02.00]World\n",
    "ass": DIALOGUE.encode(),
    "microdvd": b"{10}{20}Hello\n{30}{40}World\n{50}{60}Bye\n",
    "mpsub": b"FORMAT=TIME\n0 4\nHello\n\n1 3\nHi\n",
    "jacosub": b"#T100\n0:00:01.00 0:00:02.00 D Hello\n0:00:03.00 0:00:04.00 D Hi\n",
    "tedcaptions": TED.encode(),
    "png_pipe": _picture("png", "rgb24"),
    "jpeg_pipe": _picture("mjpeg", "yuvj420p"),
    "bmp_pipe": _picture("bmp", "bgr24"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_text_and_pictures_are_no_recordings(kind: str, tmp_path: Path) -> None:
    """What only a forbidden demuxer can read must be refused; libav as it comes opens it."""
    path = tmp_path / "talk.mp3"
    path.write_bytes(OTHERS[kind])
    with av.open(BytesIO(OTHERS[kind]), mode="r") as opened:
        assert opened.format.name == kind
    assert refusal(path) == "not_media"


def test_a_sequence_of_pictures_is_not_looked_for(tmp_path: Path) -> None:
    """A name with a pattern must not lead to the files that it matches."""
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(OTHERS["png_pipe"])
    path = tmp_path / "%d.png"
    with av.open(str(path)) as opened:
        assert opened.format.name == "image2"
    path.write_bytes(b"talk")
    assert refusal(path) == "not_media"


@pytest.fixture
def movie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mov without sound of its own, whose track lies in another file of this folder."""
    write(tmp_path, Recipe("secret", "mov", "pcm_s16le", 16000), seconds=5, name="secret.mov")
    path = write(tmp_path, Recipe("a.mov", "mov", "pcm_s16le", 16000), seconds=5)
    data = _referring(path.read_bytes(), b"secret.mov")
    start = data.index(b"mdat") + 4
    path.write_bytes(data[:start] + bytes(160_000) + data[start + 160_000 :])
    monkeypatch.chdir(tmp_path)  # a file without a name is looked for beside: here
    return path


@pytest.mark.parametrize("wall", ["enable_drefs", "protocol_whitelist"])
def test_each_wall_alone_keeps_sound_in_other_files_out(wall: str, movie: Path) -> None:
    """A mov whose track refers to another file must not give its sound; two walls stand there."""
    open_gates = {"enable_drefs": "1", "protocol_whitelist": "file"}
    assert _sound(movie, allowed.OPTIONS | open_gates)
    one_wall = open_gates | {wall: allowed.OPTIONS[wall]}
    assert not _sound(movie, allowed.OPTIONS | one_wall)


def test_sound_in_another_file_is_not_fetched(movie: Path) -> None:
    """The same through our own door: refused, because nothing is left."""
    assert refusal(movie) in {"damaged", "no_audio"}


def _sound(path: Path, options: dict[str, str]) -> bool:
    reader = Reader(path)
    with av.open(reader, mode="r", container_options=options) as opened:
        return any(frame.to_ndarray().any() for frame in opened.decode(audio=0))


def _referring(movie: bytes, name: bytes) -> bytes:
    """Return the movie with its data reference turned into an alias of a file beside it."""
    record = bytearray(150)
    record[10 : 10 + 27] = bytes([len(b"disk")]) + b"disk".ljust(26, b"\0")
    record[50 : 50 + 64] = bytes([len(name)]) + name.ljust(63, b"\0")
    record[130:134] = struct.pack(">HH", 1, 1)  # one level up, one down: the same folder
    tail = struct.pack(">HH", 2, len(name)) + name + bytes(len(name) % 2)
    tail += struct.pack(">HH", 0xFFFF, 0)
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
    dangerous = "hls applehttp concat dash image2 lavfi sdp rtsp ffmetadata rtp imf mpjpeg vobsub"
    assert not set(dangerous.split()) & set(allowed.CONTAINERS)
    assert allowed.OPTIONS["protocol_whitelist"] == "none"
    assert allowed.OPTIONS["enable_drefs"] == "0"


def test_every_listed_name_is_one_of_libavs() -> None:
    """A name that libav does not know would only look as if it were allowed."""
    unknown = [name for name in allowed.CONTAINERS if not _demuxer(name)]
    assert unknown == []


def _demuxer(name: str) -> bool:
    try:
        return av.ContainerFormat(name, "r").is_input
    except ValueError:
        return False
