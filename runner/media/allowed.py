"""Which containers and codecs may be opened.

Purpose: the two lists that libav is held to, and the bounds that keep resampling honest.
Why lists: libav has 360 demuxers, among them playlists that open other files and URLs (hls,
dash, concat, sdp), scripts and picture sequences. A format that is not here can't be chosen.
Video decoders are left out, so that no picture is ever decoded.
"""

CONTAINERS = (
    "wav", "w64", "mp3", "mov", "ogg", "flac", "matroska", "webm", "aac", "asf", "amr",
    "aiff", "caf", "au", "avi", "mpegts", "mpeg", "flv",
)  # fmt: skip
"""Names of demuxers; ``mov`` stands for mp4, m4a, 3gp too."""

_PCM = tuple(
    f"pcm_{kind}"
    for kind in (
        "alaw", "mulaw", "u8", "s8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be",
        "f32le", "f32be", "f64le", "f64be", "bluray", "dvd",
    )
)  # fmt: skip

DECODERS = (
    *_PCM,
    "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_yamaha", "adpcm_swf", "g726", "g722",
    "gsm", "gsm_ms", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float",
    "aac", "aac_fixed", "aac_latm", "opus", "libopus", "vorbis", "speex", "flac", "alac",
    "wavpack", "wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice",
    "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "ac3", "eac3", "dca", "nellymoser",
)  # fmt: skip

MIN_RATE = 1000
MAX_RATE = 1_000_000
"""Samples a second. One byte of a 1 Hz file would become 16,000 samples."""

MAX_CHANNELS = 24
"""22.2 surround. libav has no rule by which more would become one; ffmpeg fails there too."""

OPTIONS = {
    "format_whitelist": ",".join(CONTAINERS),
    "codec_whitelist": ",".join(DECODERS),
    # No such protocol: whatever a demuxer wants to open besides its own bytes is refused.
    "protocol_whitelist": "none",
    "enable_drefs": "0",
    "use_absolute_path": "0",
    "max_streams": "64",
    "probesize": "5000000",
    "analyzeduration": "10000000",
}
"""``enable_drefs`` and ``use_absolute_path`` are mov's: sound in another file. Both are off by
default; they stand here so that a new default can't turn them on."""
