"""An engine that answers at once."""

from tests.engines.plain import load

__all__ = ["load"]
