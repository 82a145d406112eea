"""whisper-spool: a directory is the queue, one process is one transcription.

Purpose: turn recordings dropped into ``spool/inbox`` into transcripts in ``spool/outbox``.
The rooms of this package import strictly downward; ARCHITECTURE.md has the plan and
``tests/test_floorplan.py`` holds it.
"""

__version__ = "0.1.0"
