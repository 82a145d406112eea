"""A template as a program: ``python -m runner.template SPEC SOCKET_FD PARENT_PID``."""

import sys

from runner.job.wire import Spec
from runner.template.main import run

if __name__ == "__main__":
    spec, socket_fd, parent = sys.argv[1:]
    run(Spec.model_validate_json(spec), int(socket_fd), int(parent))
