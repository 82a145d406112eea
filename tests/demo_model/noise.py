"""What a recording adds to speech: hiss, a coloured channel, level, 16-bit steps.

Purpose: the model must not learn that speech is clean or that noise is speech.

Guarantees: every function draws only from the generator it is given.

Limits: three colours of stationary noise and a smooth channel; no rooms, no music, no babble.
"""

import numpy as np

from .speech import Sound

WHITE, DULL, PINK = range(3)


def hiss(rng: np.random.Generator, samples: int, level: float, colour: int) -> Sound:
    """Noise of about this RMS level."""
    x = rng.standard_normal(samples).astype(np.float32)
    if colour == DULL:
        x = np.convolve(x, np.ones(8, np.float32) / 2.8, "same")
    elif colour == PINK:
        spectrum = np.fft.rfft(x)
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 20) / 20)
        x = np.fft.irfft(spectrum, samples).astype(np.float32)
        x /= x.std() + 1e-9
    return x * np.float32(level)


def channel(rng: np.random.Generator, x: Sound) -> Sound:
    """A smooth random equaliser: a tilt and one ripple across 0 to 8 kHz, within about 12 dB."""
    spectrum = np.fft.rfft(x)
    kilohertz = np.linspace(0, 8, len(spectrum))
    tilt = 3.6 * rng.uniform(-1, 1) * (kilohertz - 2)
    ripple = rng.uniform(-6, 6) * np.cos(
        2 * np.pi * kilohertz / rng.uniform(2, 8) + rng.uniform(0, 6)
    )
    return np.fft.irfft(spectrum * 10 ** ((tilt + ripple) / 30), len(x)).astype(np.float32)


def record(rng: np.random.Generator, x: Sound) -> Sound:
    """Speech as recorded: perhaps a channel, mostly some noise, never above full scale."""
    if rng.random() < 0.4:
        x = channel(rng, x)
    if rng.random() < 0.65:
        level = np.abs(x).max() * 10 ** rng.uniform(-3.3, -1.4)
        x = x + hiss(rng, len(x), level, int(rng.integers(0, 3)))
    return _quantised(rng, x / max(1.0, float(np.abs(x).max())))


def record_nothing(rng: np.random.Generator, samples: int) -> Sound:
    """Digital silence, or noise of any level from inaudible to loud.

    The whole range matters: trained on quiet noise only, the model hears words in loud noise.
    """
    if rng.random() < 0.3:
        return np.zeros(samples, np.float32)
    x = hiss(rng, samples, 10 ** rng.uniform(-4.5, -0.6), int(rng.integers(0, 3)))
    return _quantised(rng, np.clip(x, -1, 1))


def _quantised(rng: np.random.Generator, x: Sound) -> Sound:
    return (np.round(x * 32768) / 32768 if rng.random() < 0.5 else x).astype(np.float32)
