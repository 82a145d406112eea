"""What PyAV raises over hostile bytes.

Purpose: ``FAULTS``: libav's own errors, and PyAV's checks of what libav says.
"""

import av

FAULTS = (av.FFmpegError, ValueError, LookupError, ArithmeticError, NotImplementedError)
