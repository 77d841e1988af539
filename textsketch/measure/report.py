"""What one encoded picture comes to: bytes, rate, metrics and its baselines, as one plain record."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from PIL import Image

from textsketch import bitstream
from textsketch.measure.baselines.search import Baseline
from textsketch.measure.metrics.pixels import ms_ssim, psnr_db, ssim
from textsketch.models import clip
from textsketch.models.clip import ClipScore
from textsketch.pipeline import Encoded


@dataclass(frozen=True)
class Quality:
    """How near a decoded picture is to the original. ms_ssim and clip are None where not available."""

    psnr_db: float
    ssim: float
    ms_ssim: float | None
    clip: ClipScore | None = None


@dataclass(frozen=True)
class BaselineFigures:
    """A baseline's file in figures; label says what the file is, fits whether it is small enough."""

    codec: str
    size_bytes: int
    fits: bool
    label: str
    quality: Quality


@dataclass(frozen=True)
class Report:
    """Figures of one .tsk file.

    layer_bytes: bytes of the header and of each segment with its frame. clip_not_available: why there is no
    CLIP score and how to get it, or None if there is one. notes: what of the source is not in the picture, see
    `image.reading.Picture`.
    """

    width: int
    height: int
    mode: str
    caption: str
    seed: int
    size_bytes: int
    rate_bpp: float
    layer_bytes: dict[str, int]
    quality: Quality
    baselines: list[BaselineFigures]
    clip_not_available: str | None
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
    with_ms_ssim: bool = True,
    with_clip: bool = True,
    notes: tuple[str, ...] = (),
) -> Report:
    """Measure `decoded`, the picture painted from `encoded`, and `baselines` against `picture`.

    with_ms_ssim: False leaves MS-SSIM out, whose library takes seconds to load the first time. with_clip: False
    leaves the CLIP scores out, for which torch is loaded; `add_clip_scores` adds them later.
    """
    layers = encoded.layers
    images = [decoded, *(baseline.image for baseline in baselines)]
    qualities = [measure_quality(picture, image, with_ms_ssim) for image in images]
    report = Report(
        width=picture.width,
        height=picture.height,
        mode=str(layers.mode),
        caption=layers.semantic.caption,
        seed=layers.seed,
        size_bytes=encoded.size_bytes,
        rate_bpp=encoded.rate_bpp,
        layer_bytes=layer_bytes(encoded.data),
        quality=qualities[0],
        baselines=[
            BaselineFigures(baseline.codec, baseline.size_bytes, baseline.fits, baseline.label, quality)
            for baseline, quality in zip(baselines, qualities[1:], strict=True)
        ],
        clip_not_available=clip.unavailable(),
        notes=notes,
    )
    return add_clip_scores(report, picture, *images) if with_clip else report


def add_clip_scores(
    report: Report, picture: Image.Image, decoded: Image.Image, *baselines: Image.Image
) -> Report:
    """The report with CLIP scores where those can be had. baselines: pictures in the order of the report's."""
    if report.clip_not_available is not None:
        return report
    own, *others = clip.score(picture, [decoded, *baselines], report.caption or None)
    return replace(
        report,
        quality=replace(report.quality, clip=own),
        baselines=[
            replace(figures, quality=replace(figures.quality, clip=score))
            for figures, score in zip(report.baselines, others, strict=True)
        ],
    )


def layer_bytes(data: bytes) -> dict[str, int]:
    """Bytes of a .tsk file by part: "header", then each layer's segment; they add up to len(data)."""
    header, segments = bitstream.split(data)
    return {"header": header.size_bytes} | {segment.name: segment.size_bytes for segment in segments}


def measure_quality(reference: Image.Image, distorted: Image.Image, with_ms_ssim: bool = True) -> Quality:
    """PSNR, SSIM and, where its library is there, MS-SSIM; all that needs no weights."""
    third = ms_ssim(reference, distorted) if with_ms_ssim else None
    return Quality(psnr_db(reference, distorted), ssim(reference, distorted), third)
