"""How long a painting takes here: measured by the steps of this process, the first of them a trial.

A step's time grows with the pixels it paints, which is all that is assumed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

clock: Callable[[], float] = time.perf_counter
_WORTH_SAYING_S = 5.0
_seconds_a_pixel: dict[tuple[str, str], float] = {}
"""Of one pass of the networks, by profile and device."""


def known(profile: str, device: str) -> bool:
    """Whether a step of `profile` has been timed on `device`."""
    return (profile, device) in _seconds_a_pixel


def remember(profile: str, device: str, seconds: float, pixels: int) -> None:
    """Note that passes over `pixels`, of all passes together, took `seconds`."""
    _seconds_a_pixel[profile, device] = seconds / pixels


def estimate(profile: str, device: str, pixels: int) -> float:
    """Seconds that passes over `pixels` will take. The pace must be `known`."""
    return _seconds_a_pixel[profile, device] * pixels


def phrase(seconds: float) -> str:
    """ "about 3 min", or "" where it is not worth saying."""
    if seconds < _WORTH_SAYING_S:
        return ""
    return f"about {seconds:.0f} s" if seconds < 100 else f"about {seconds / 60:.0f} min"
