"""The END record: ``attempt-N/result.json``, written last by the worker.

Purpose: ``EndRecord`` says which renderings a finished attempt made and what they weigh; it is
what "valid END" is tested against, and the facts that ``show`` prints.
Guarantees: frozen; a rendering's file is a plain name that follows from its format, so that a
hostile record can't point outside of the attempt's folder.
Diagnostics: ``from_json`` raises ``DamagedRecord`` with one sentence.
Limits: unknown keys are ignored, so that a record of a newer worker still counts after a
downgrade; another ``version`` does not.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from runner.job.errors import DamagedRecord

END_NAME = "result.json"
END_VERSION = 1
MAX_END_BYTES = 1024 * 1024
"""A longer END record is no END record: nothing may make the daemon read without a bound."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FormatName = Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]


def rendering_name(form: str) -> str:
    """Return the file name of the rendering ``form`` inside ``attempt-N/``."""
    return f"rendering.{form}"


class RenderingEntry(BaseModel):
    """One file in ``attempt-N/``: ``rendering.<format>``."""

    model_config = ConfigDict(frozen=True)

    format: FormatName
    file: str
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256

    @model_validator(mode="after")
    def _plain_name(self) -> "RenderingEntry":
        if self.file != rendering_name(self.format):
            message = f"file must be {rendering_name(self.format)!r}"
            raise ValueError(message)
        return self


class EndRecord(BaseModel):
    """What a worker made, in the chosen order of formats. Durations are seconds."""

    model_config = ConfigDict(frozen=True)

    version: int = END_VERSION
    job: str
    attempt: int
    renderings: Annotated[tuple[RenderingEntry, ...], Field(min_length=1)]
    language: str = ""
    audio_seconds: float = 0.0
    wall_seconds: float = 0.0
    last_cue_seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    partial: bool = False
    """The recording could be decoded only in part."""
    source_sha256: str = ""
    engine: str = ""
    model: str = ""
    model_sha256: str = ""
    device: str = ""
    why: str = ""
    versions: dict[str, str] = {}

    @model_validator(mode="after")
    def _each_format_once(self) -> "EndRecord":
        formats = [entry.format for entry in self.renderings]
        if len(set(formats)) != len(formats):
            message = "renderings names a format twice"
            raise ValueError(message)
        return self

    def to_json(self) -> bytes:
        """Return the bytes of ``result.json``."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, *, where: str = END_NAME) -> "EndRecord":
        """Parse ``result.json``; raise ``DamagedRecord`` naming ``where``."""
        try:
            record = cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the whole file"
            message = f"{where}: not an END record ({place}: {first['msg']})"
            raise DamagedRecord(message) from error
        if record.version != END_VERSION:
            message = f"{where}: END version {record.version}, this program knows {END_VERSION}"
            raise DamagedRecord(message)
        return record
