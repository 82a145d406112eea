"""Behaves."""

from tests.engines.beast import Beast, loader

load = loader(Beast)
