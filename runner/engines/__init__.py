"""Engines: what turns samples into text, behind one small contract.

Purpose: ``load(name)`` gives an engine's module; ``Engine`` is what its ``load`` returns.
A new engine is a module with ``load(model, model_dir)``; nothing here has to know it.
Diagnostics: ``EngineError`` when it can't be had, ``DeviceMemoryError`` when the device is full.
"""

from runner.engines.contract import DeviceMemoryError, Engine, EngineModule, Report, Writer
from runner.engines.registry import load

__all__ = ["DeviceMemoryError", "Engine", "EngineModule", "Report", "Writer", "load"]
