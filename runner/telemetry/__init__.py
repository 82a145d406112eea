"""Observers of a runner: log, status file, health, metrics.

Purpose: what is seen from outside. Nothing here decides anything about a job.
Import the module that is meant (``runner.telemetry.status``): ``log`` and ``metrics`` load
libraries that a quick ``whisper-spool status`` should not pay for.
"""
