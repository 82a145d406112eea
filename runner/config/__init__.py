"""Settings: defaults, TOML, environment; and where each value came from."""

from runner.config.load import explain, load, settings_file, slips
from runner.config.settings import Settings

__all__ = ["Settings", "explain", "load", "settings_file", "slips"]
