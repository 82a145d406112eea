"""``python -m runner``: the same as the command ``whisper-spool``."""

from runner.cli import main

if __name__ == "__main__":
    main()
