"""What one encoded picture comes to: bytes, rate, metrics and its baselines, as one plain record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from PIL import Image

from textsketch import bitstream
from textsketch.measure.baselines.search import Baseline
from textsketch.measure.metrics.metric import Metric, Place
from textsketch.measure.metrics.table import shown_at
from textsketch.pipeline import Encoded


@dataclass(frozen=True)
class BaselineFigures:
    """A baseline's file in figures; label says what the file is, fits whether it is small enough."""

    codec: str
    size_bytes: int
    fits: bool
    label: str
    quality: dict[str, float | None]


@dataclass(frozen=True)
class Report:
    """Figures of one .tsk file.

    layer_bytes: bytes of the header and of each segment with its frame. quality: by metric, None where one does
    not apply. not_available: by metric, why it is not measured here and how to get it. notes: what of the source
    is not in the picture, see `image.reading.Picture`.
    """

    width: int
    height: int
    mode: str
    caption: str
    seed: int
    size_bytes: int
    rate_bpp: float
    layer_bytes: dict[str, int]
    quality: dict[str, float | None]
    baselines: list[BaselineFigures]
    not_available: dict[str, str]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The report as what json.dump takes."""
        return asdict(self)


def make_report(
    picture: Image.Image,
    encoded: Encoded,
    decoded: Image.Image,
    baselines: list[Baseline],
    *,
    metrics: Sequence[Metric] | None = None,
    notes: tuple[str, ...] = (),
) -> Report:
    """Measure `decoded`, the picture painted from `encoded`, and `baselines` against `picture`.

    metrics: None takes all that are quick enough for a comparison. notes: see `image.reading.Picture`.
    """
    layers = encoded.layers
    report = Report(
        width=picture.width,
        height=picture.height,
        mode=str(layers.mode),
        caption=layers.semantic.caption,
        seed=layers.seed,
        size_bytes=encoded.size_bytes,
        rate_bpp=encoded.rate_bpp,
        layer_bytes=layer_bytes(encoded.data),
        quality={},
        baselines=[
            BaselineFigures(found.codec, found.size_bytes, found.fits, found.label, {}) for found in baselines
        ],
        not_available={},
        notes=notes,
    )
    images = [decoded, *(found.image for found in baselines)]
    return add_scores(report, shown_at(Place.COMPARISON) if metrics is None else metrics, picture, *images)


def add_scores(
    report: Report,
    metrics: Iterable[Metric],
    picture: Image.Image,
    decoded: Image.Image,
    *baselines: Image.Image,
) -> Report:
    """The report with these metrics too, where they can be used. baselines: pictures, in the report's order."""
    reasons = {metric: metric.unavailable() for metric in metrics}
    missing = {metric.name: reason for metric, reason in reasons.items() if reason is not None}
    usable = [metric for metric, reason in reasons.items() if reason is None]

    def more(known: dict[str, float | None], image: Image.Image) -> dict[str, float | None]:
        return known | {metric.name: metric.value(picture, image, report.caption) for metric in usable}

    return replace(
        report,
        quality=more(report.quality, decoded),
        baselines=[
            replace(figures, quality=more(figures.quality, image))
            for figures, image in zip(report.baselines, baselines, strict=True)
        ],
        not_available=report.not_available | missing,
    )


def layer_bytes(data: bytes) -> dict[str, int]:
    """Bytes of a .tsk file by part: "header", then each layer's segment; they add up to len(data)."""
    header, segments = bitstream.split(data)
    return {"header": header.size_bytes} | {segment.name: segment.size_bytes for segment in segments}
