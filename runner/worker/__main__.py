"""A worker as a program: ``python -m runner.worker SPEC SOCKET_FD PARENT_PID``.

``python -m runner.worker --probe-device`` prints one line of JSON: which accelerators torch can
use here. Nobody types either; the pool does.
"""

import json
import sys


def main(arguments: list[str]) -> None:
    """Run what the arguments ask for."""
    if arguments == ["--probe-device"]:
        from runner.worker.devices import probe  # noqa: PLC0415 - imports torch

        sys.stdout.write(json.dumps(probe()) + "\n")
        return
    from runner.job.wire import Spec  # noqa: PLC0415 - not needed by the probe
    from runner.worker.main import spawned  # noqa: PLC0415

    spec, socket_fd, parent = arguments
    spawned(Spec.model_validate_json(spec), int(socket_fd), int(parent))


if __name__ == "__main__":
    main(sys.argv[1:])
