"""The metrics, one row each. Tables, plots, charts, reports and the command line read these rows."""

from __future__ import annotations

from collections.abc import Iterable

from textsketch.measure.metrics import (
    clip_scores,
    distribution,
    haar_and_gradient,
    no_reference,
    perceptual,
    pixels,
)
from textsketch.measure.metrics.metric import Metric, Place, SetMetric

METRICS: dict[str, Metric | SetMetric] = {
    row.name: row
    for row in (
        pixels.PSNR,
        pixels.SSIM,
        pixels.MS_SSIM,
        haar_and_gradient.HAARPSI,
        haar_and_gradient.GMSD,
        clip_scores.CLIP_IMAGE,
        clip_scores.CLIP_CAPTION,
        perceptual.LPIPS,
        perceptual.DISTS,
        no_reference.MUSIQ,
        no_reference.CLIP_IQA,
        distribution.FID,
        distribution.KID,
    )
}
"""By name, in the order in which they are shown."""


def of_pictures(names: Iterable[str] | None = None) -> list[Metric]:
    """The metrics of single pictures among `names`, or all."""
    return [row for row in map(METRICS.get, METRICS if names is None else names) if isinstance(row, Metric)]


def of_sets(names: Iterable[str] | None = None) -> list[SetMetric]:
    """The metrics of sets of pictures among `names`, or all."""
    return [
        row for row in map(METRICS.get, METRICS if names is None else names) if isinstance(row, SetMetric)
    ]


def shown_at(place: Place) -> list[Metric]:
    """The metrics quick enough for a place, whether they can be used here or not."""
    return [metric for metric in of_pictures() if metric.reach >= place]
