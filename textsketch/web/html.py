"""Fragments of HTML the demo shows. Everything that comes from a user or a file is escaped here."""

from __future__ import annotations

from html import escape

from textsketch import bitstream
from textsketch.layers import LAYER_WORDS
from textsketch.measure.metrics.pixels import PSNR
from textsketch.measure.metrics.table import METRICS
from textsketch.measure.report import Report, layer_bytes
from textsketch.web.commands import marked_up
from textsketch.web.jobs import Update
from textsketch.web.pictures import address
from textsketch.web.results import Look, Painted, Result

_FEW_LINES = 0.1
"""Below this share of the file a sketch beside a colour map says little by itself."""
_HEX_LIMIT_BYTES = 4096
_FULL = 0.9
"""A budget of which less is used has more room than the layers have to say."""
_MICRO_BPP, _MANY_BPP = 0.001, 10
_BPP = "bits per pixel"
_MUCH_UNSAID = 0.3
_DRAWN_LAYERS = (("sketch", "2. Sketch", "structure"), ("colour_map", "3. Colour map", "texture"))


def byte_count(size_bytes: int) -> str:
    """A number of bytes in words."""
    return f"{size_bytes:,} byte" + ("" if size_bytes == 1 else "s")


def rate(rate_bpp: float, *, digits: int = 4, unit: str = "bpp") -> str:
    """A rate as its field writes it: of a caption alone in millionths."""
    if rate_bpp < _MICRO_BPP:
        return f"{1e6 * rate_bpp:,.0f} micro-bpp"
    return f"{rate_bpp:,.{digits if rate_bpp < _MANY_BPP else 1}f} {unit}"


def error(message: str) -> str:
    """An error as a sentence."""
    return f'<div class="ts-status ts-error" role="alert">{marked_up(_sentence(message))}</div>'


def note(message: str) -> str:
    """A quiet line."""
    return f'<div class="ts-status">{escape(message)}</div>'


def warning(message: str) -> str:
    """A line that must not be overlooked."""
    return f'<div class="ts-status ts-warning" role="status">{escape(message)}</div>'


def stale(message: str) -> str:
    """What became of the settings, and that the result on show is not theirs."""
    return (
        f'<div class="ts-status ts-stale" role="status">{escape(message)} The result below belongs to the '
        "settings before.</div>"
    )


def progress(update: Update) -> str:
    """A progress bar with what is being done."""
    percent = round(100 * update.fraction)
    return (
        f'<div class="ts-status ts-working" role="status"><progress max="100" value="{percent}"></progress> '
        f"{percent} % {escape(update.message)}</div>"
    )


def settings_toggle() -> str:
    """What opens the settings where they lie in a bar at the bottom."""
    return (
        '<button type="button" id="settings-toggle" aria-expanded="false" aria-controls="settings">'
        "Picture, mode, budget</button>"
    )


def timing(result: Result) -> str:
    """How long the result took."""
    return note(
        f"Encoded in {result.encode_seconds:.1f} s, "
        f"decoded from the file alone in {result.decode_seconds:.2f} s."
    )


def figures_placeholder() -> str:
    """What stands in the figures' place, and takes their room, before the first result."""
    return '<div class="ts-figures"><b>…</b></div><div class="ts-facts">&nbsp;</div>'


def early_figures(look: Look) -> str:
    """The figures that are known while the others are measured."""
    width, height = look.size
    return (
        f'<div class="ts-figures"><b>{byte_count(look.size_bytes)}</b> '
        f"<b>{rate(8 * look.size_bytes / (width * height))}</b></div>"
        '<div class="ts-facts">&nbsp;</div>'
    )


def figures(result: Result) -> str:
    """The bytes and the rate in large type, then the metrics, each beside that of the JPEG."""
    report = result.report
    raw_bytes = 3 * report.width * report.height
    return (
        f'<div class="ts-figures"><b>{byte_count(report.size_bytes)}</b> <b>{rate(report.rate_bpp)}</b> '
        f"<span>{_ratio(report.size_bytes, raw_bytes)}</span></div>"
        f"{_facts(report, learned=False)}"
    )


def _ratio(size_bytes: int, raw_bytes: int) -> str:
    if size_bytes >= raw_bytes:
        return f"no less than the pixels' {byte_count(raw_bytes)}"
    return f"1/{raw_bytes / size_bytes:,.0f} of the pixels' {raw_bytes:,} bytes"


def notes(result: Result) -> str:
    """What has to be said of a result besides its figures, a sentence each."""
    lines = [*_used(result), *map(escape, [*_limits(result), *_about_the_source(result)])]
    if result.invented is not None:
        lines.append(f"{escape(result.invented)} {_COMPARE_WITH_SENT}")
    return "".join(f'<div class="ts-note">{line}</div>' for line in lines)


_COMPARE_WITH_SENT = (
    '<button type="button" class="ts-link" data-show-pair="plain decoded">See what was sent</button>'
)


def scores(report: Report) -> str:
    """The learned metrics: with each its model, as those of other models cannot be compared."""
    return _facts(report, learned=True)


def _facts(report: Report, *, learned: bool) -> str:
    rows = [METRICS[name] for name, value in report.quality.items() if value is not None]
    shown = [row for row in rows if row.learned == learned]
    if not shown:
        return ""
    cells = "".join(
        f'<div class="ts-fact" title="{escape(row.model, quote=True)}"><span>{escape(row.title)}</span>'
        f"<b>{row.show(report.quality[row.name])}</b>"
        f"<small>JPEG {row.show(report.baselines[0].quality[row.name])}</small></div>"
        for row in shown
    )
    models = "; ".join(dict.fromkeys(row.model for row in shown)) if learned else ""
    named = f'<div class="ts-fact"><small>{escape(models)}</small></div>' if models else ""
    return f'<div class="ts-facts">{cells}{named}</div>'


def _used(result: Result) -> list[str]:
    """That a mode has no use for all the budget, where that is so."""
    report = result.report
    if report.size_bytes >= _FULL * result.budget_bytes:
        return []
    return [
        f"Nothing more to say: {escape(report.mode)} needs {byte_count(report.size_bytes)} of the "
        f"{result.budget_bytes:,}."
    ]


def _limits(result: Result) -> list[str]:
    """What the bytes could not do, where that is much."""
    lines = []
    if result.unsaid >= _MUCH_UNSAID:
        size = byte_count(result.report.size_bytes)
        lines.append(
            f"{result.unsaid:.0%} of this picture is detail finer than {size} can say: text and small faces "
            "there will not be recognised."
        )
    if result.words_alone is not None:
        lines.append(
            "Text-only comes nearer to the original within this budget: "
            f"{PSNR.title} {PSNR.show(result.words_alone)}."
        )
    return lines


def _about_the_source(result: Result) -> list[str]:
    """How what was encoded differs from the file that was uploaded."""
    width, height = result.original_size
    lines = [_sentence(note) for note in result.report.notes]
    if (width, height) != (result.report.width, result.report.height):
        lines.append(
            f"Scaled from {width} x {height} to {result.report.width} x {result.report.height} "
            "pixels before encoding; all figures are for the scaled picture."
        )
    return lines


def missing(title: str, reasons: list[str]) -> str:
    """What else there could be here, to unfold: a sentence each that says what it needs."""
    items = "".join(f"<li>{marked_up(reason)}</li>" for reason in dict.fromkeys(reasons))
    return (
        f'<details class="ts-status ts-missing"><summary>{escape(title)}</summary><ul>{items}</ul></details>'
    )


def layers(result: Result) -> str:
    """A card for each layer of the file, with its bytes; one more for what a network made of them."""
    sizes = result.report.layer_bytes
    caption = result.report.caption
    text = f"“<bdi>{escape(caption)}</bdi>”" if caption else "<i>no caption, only colour descriptors</i>"
    body = f'<div class="ts-caption"><div>{text}{_words(result)}</div></div>'
    cards = [_layer_card("text", "1. Text", sizes["semantic"], body)]
    kind = bitstream.split(result.data)[0].kind
    for name, title, segment in (
        ("sketch", f"2. {kind.title}", "structure"),
        ("colour_map", "3. Colour map", "texture"),
    ):
        if name in result.files:
            source = escape(address(result.files[name]), quote=True)
            picture = f'<img src="{source}" alt="{title[3:]} as it stands in the file"/>'
            size_bytes = sizes.get(segment, 0)
            if name == "sketch" and "texture" in sizes and size_bytes < _FEW_LINES * result.report.size_bytes:
                picture += '<p class="ts-words">Few lines: here the bytes help more in the colour map.</p>'
            cards.append(_layer_card(name.replace("_", "-"), title, size_bytes, picture))
    if "departs" in result.files:
        source = escape(address(result.files["departs"]), quote=True)
        cards.append(
            '<div class="ts-layer" id="layer-departs"><div class="ts-card-title"><b>Where the picture departs'
            f'</b> from what was sent</div><img src="{source}" alt="orange: other colours than sent"/></div>'
        )
    return f'<div class="ts-layers">{"".join(cards)}</div>'


def how_it_works(result: Result) -> str:
    """The road of one picture, layer by layer."""
    report, sizes = result.report, result.report.layer_bytes
    steps = (
        (
            "1. A sentence",
            f"What the picture shows, and its main colours, coded as text: {byte_count(sizes['semantic'])}.",
            f'<div class="ts-caption"><div>“<bdi>{escape(report.caption)}</bdi>”{_words(result)}</div></div>',
        ),
        (
            "2. Lines",
            f"Where its contours run, as strokes of a pen: {byte_count(sizes.get('structure', 0))}.",
            _image(result, "sketch", "The strokes of the file"),
        ),
        (
            "3. Colours",
            f"What lies between the lines, as a coarse map: {byte_count(sizes.get('texture', 0))}.",
            _image(result, "colour_map", "The colour map of the file"),
        ),
        (
            "4. The painting",
            f"A decoder paints what the {byte_count(report.size_bytes)} say, and nothing else travels. "
            f"The original has {3 * report.width * report.height:,} bytes of pixels.",
            _image(result, "decoded_shown", "The picture painted from the file"),
        ),
    )
    cards = "".join(
        f'<li class="ts-layer"><h3>{title}</h3><p>{text}</p>{picture}</li>' for title, text, picture in steps
    )
    return (
        f'<ol class="ts-how">{cards}</ol><p class="ts-note">Each layer is a segment of the file that stands '
        "on those before it: cut the file after the first, and it is a picture of words alone.</p>"
    )


def _image(result: Result, name: str, alt: str) -> str:
    if name not in result.files:
        return ""
    return f'<img src="{escape(address(result.files[name]), quote=True)}" alt="{alt}" loading="lazy"/>'


def _words(result: Result) -> str:
    """What the text layer says besides the caption, and what a text-to-image model is told."""
    lines = []
    if result.colours:
        lines.append(f"<b>Colour descriptors, in words:</b> {escape(result.colours)}")
    if result.prompt is not None:
        lines.append(f"<b>Prompt:</b> {escape(result.prompt)}")
    return "".join(f'<p class="ts-words">{line}</p>' for line in lines)


def _layer_card(name: str, title: str, size_bytes: int, body: str) -> str:
    return (
        f'<div class="ts-layer" id="layer-{name}"><div class="ts-card-title"><b>{title}</b> '
        f"{size_bytes:,} bytes</div>{body}</div>"
    )


def hex_dump(data: bytes) -> str:
    """The whole file, byte by byte, coloured by layer."""
    header, segments = bitstream.split(data)
    parts = [("header", data[: header.size_bytes])]
    position = header.size_bytes
    for segment in segments:
        parts.append((segment.name, data[position : position + segment.size_bytes]))
        position += segment.size_bytes
    shown = _HEX_LIMIT_BYTES
    spans = []
    for name, chunk in parts:
        spans.append(f'<span class="ts-{name}" title="{name}">{chunk[: max(shown, 0)].hex(" ")}</span>')
        shown -= len(chunk)
    legend = " ".join(f'<span class="ts-{name}">{name} {len(chunk)}</span>' for name, chunk in parts)
    more = f" ... and {len(data) - _HEX_LIMIT_BYTES:,} bytes more" if shown < 0 else ""
    return f'<div class="ts-legend">{legend}</div><div class="ts-hex">{" ".join(spans)}{more}</div>'


def file_card(painted: Painted) -> str:
    """What a decoded .tsk file is; of its bytes those that were painted count."""
    data = painted.data
    header = bitstream.read_header(data)
    part = bitstream.cut(data, painted.mode)
    shown = "" if painted.size == header.size else ", shown at {} x {}".format(*painted.size)
    width, height = header.size
    size_bytes = len(part)
    whole = "" if part == data else f" in a file of {len(data):,} bytes"
    parts = ", ".join(f"{LAYER_WORDS.get(name, name)} {size:,}" for name, size in layer_bytes(part).items())
    return (
        f'<div class="ts-headline"><div class="ts-big ts-ours"><span>painted as {painted.mode}</span>'
        f"<b>{size_bytes:,} bytes</b><small>{rate(8 * size_bytes / (width * height), unit=_BPP)}, "
        f"{width} x {height} pixels{shown}, written as {header.mode}{whole}</small>"
        f"<small>{parts} bytes</small></div></div>"
        + (f'<div class="ts-caption">“<bdi>{escape(painted.caption)}</bdi>”</div>' if painted.caption else "")
        + invention(painted.invented)
    )


def invention(sentence: str | None) -> str:
    """What a picture shows that was not sent, if anything."""
    return f'<div class="ts-note">{escape(sentence)}</div>' if sentence else ""


def point_card(label: str, size_bytes: int, rate_bpp: float, values: dict[str, float | None]) -> str:
    """What a chosen point of the rate-quality chart is."""
    scores = ", ".join(f"{METRICS[name].title} {METRICS[name].show(value)}" for name, value in values.items())
    return (
        f'<div class="ts-headline"><div class="ts-big ts-ours"><span>{escape(label)}</span>'
        f"<b>{size_bytes:,} bytes</b><small>{rate(rate_bpp, unit=_BPP)}, {scores}</small></div></div>"
    )


def _sentence(message: str) -> str:
    message = message.strip()
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")
