"""The command line: arguments in, files and one screen of text (or JSON) out."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from textsketch.budget import PRESETS
from textsketch.errors import BitstreamError, TextsketchError, WeightsError
from textsketch.image.formats import LISTED
from textsketch.layers import Mode
from textsketch.options import add_arguments, given, taken

if TYPE_CHECKING:
    from textsketch.progress import Progress
    from textsketch.share.commands import Command

_LONGEST_NAME = 100
"""Characters of a file's name or link that `info` repeats."""
_BUDGET_HELP = "bytes (1500B), a rate (0.02bpp) or a preset: " + ", ".join(
    f"{name} = {preset.title}" for name, preset in PRESETS.items()
)


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line in one line, as every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  for as long as the process lives
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
    except TextsketchError as error:
        return _fail(str(error), 2)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    return 0


def _fail(message: str, code: int) -> int:
    print(f"textsketch: error: {_visible(' '.join(message.split()))}", file=sys.stderr)
    return code


def _visible(text: str) -> str:
    """The text with what a terminal would obey, or could not print, as an escape; lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _parser() -> argparse.ArgumentParser:
    from textsketch import __version__
    from textsketch.measure.baselines.table import FORMATS
    from textsketch.measure.evaluation import command as evaluate_command
    from textsketch.reflection import command as reflect_command
    from textsketch.render import registry
    from textsketch.semantic.captions import table as captions
    from textsketch.share import commands as share_commands
    from textsketch.share.source import ACCEPTED

    parser = _Parser(prog="textsketch", description="Send a picture in the space of a sentence.")
    parser.add_argument("--version", action="version", version=f"textsketch {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], summary: str) -> _Parser:
        sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        sub.set_defaults(run=run)
        if name != "app":
            sub.add_argument("--json", action="store_true", help="print the result as JSON")
        return sub

    encode = command("encode", _encode, "encode a picture into a .tsk file")
    encode.add_argument("image", metavar="IMAGE", help=LISTED)
    encode.add_argument("out", metavar="OUT.tsk", nargs="?", help="default: IMAGE with the suffix .tsk")
    _add_encoder_options(encode)
    _add_renderer_option(encode, "what the bytes are spent for")
    add_arguments(encode, {one.name: one.allocation for one in registry.RENDERERS})

    decode = command("decode", _decode, "decode a .tsk file into a picture")
    decode.add_argument("file", metavar="IN.tsk", help=ACCEPTED)
    decode.add_argument("out", metavar="OUT.png", nargs="?", help="default: IN with the suffix .png")
    decode.add_argument("--layers", choices=list(Mode), help="paint only the layers of this mode")
    _add_salvage_option(decode)
    _add_renderer_option(decode, "what paints")
    add_arguments(decode, {one.name: one.options for one in registry.RENDERERS})

    info = command("info", _info, "show what a .tsk file holds")
    info.add_argument("file", metavar="IN.tsk", help=ACCEPTED)
    _add_salvage_option(info)

    for one in share_commands.COMMANDS:
        one.add_arguments(command(one.name, functools.partial(_share, one), one.summary))

    _add_edit(command("edit", _edit, "edit the layers of a .tsk file, in the order of the options"))

    caption = command("caption", _caption, "write a caption for a picture with a pretrained model")
    caption.add_argument("image", metavar="IMAGE", help=LISTED)
    sources = captions.SOURCES
    caption.add_argument(
        "--source",
        choices=list(sources),
        default=next(iter(sources)),
        help="what writes: "
        + "; ".join(f"{name}, {source.summary}" for name, source in sources.items())
        + " (default: %(default)s)",
    )
    caption.add_argument("--most-bytes", type=int, metavar="N", help="what the caption may cost in a file")
    add_arguments(caption, {name: source.options for name, source in sources.items()})

    reflect = command(
        "reflect", _reflect, "improve a picture's words: decode, look, rewrite within the bytes"
    )
    reflect_command.add_arguments(reflect, _BUDGET_HELP)

    compare = command("compare", _compare, "encode, decode and compare with common formats at the same size")
    compare.add_argument("image", metavar="IMAGE", help=LISTED)
    compare.add_argument("--out", metavar="DIR", required=True, help="folder for pictures and report.json")
    compare.add_argument(
        "--baselines",
        default="jpeg",
        metavar="LIST",
        help=f"comma-separated, of {', '.join(FORMATS)} (default: %(default)s)",
    )
    _add_encoder_options(compare)
    for kind in (registry.DEFAULT.allocation, registry.DEFAULT.options):
        add_arguments(compare, {registry.DEFAULT.name: kind})

    evaluate = command("evaluate", _evaluate, "measure pictures against other codecs at the same bytes")
    evaluate_command.add_arguments(evaluate)

    weights = command("weights", _weights, "list, fetch or verify pretrained weights")
    weights.add_argument(
        "action",
        choices=["list", "fetch", "verify", "space"],
        help="space prints what the README of a Space says of them",
    )
    weights.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="an entry of weights.yaml, or a profile, clip or captions for all it needs; not for list and space",
    )

    app = command("app", _app, "serve the web demo")
    app.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    app.add_argument("--port", type=int, help="port to listen on (default: 7860 or the next that is free)")
    return parser


def _add_encoder_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mode", choices=list(Mode), default=Mode.THREE_LAYER, help="layers to send (default: %(default)s)"
    )
    parser.add_argument("--budget", default="packet", help=f"{_BUDGET_HELP} (default: %(default)s)")
    parser.add_argument("--caption", default="", metavar="TEXT", help="what the picture shows")
    parser.add_argument("--seed", type=int, default=0, help="of the decoder's random choices (default: 0)")


def _add_renderer_option(parser: argparse.ArgumentParser, purpose: str) -> None:
    from textsketch.render import registry

    parser.add_argument(
        "--renderer",
        default=registry.DEFAULT.name,
        metavar="NAME",
        help=f"{purpose}: {', '.join(registry.names())} (default: %(default)s)",
    )


def _add_salvage_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--salvage",
        action="store_true",
        help="of a damaged or cut file take the layers before the damage, and say what is lost",
    )


def _add_edit(edit: _Parser) -> None:
    from textsketch.edit.steps import EVERYTHING, STEPS
    from textsketch.share.source import ACCEPTED

    class Append(argparse.Action):
        """Keeps each step with its values, in the order of the command line."""

        def __call__(
            self, parser: Any, namespace: Any, values: Any, option_string: str | None = None
        ) -> None:
            namespace.steps = [*namespace.steps, (self.const, values)]

    # As argparse has it "-40,10" would be an option; here it is a pair of numbers.
    edit._negative_number_matcher = re.compile(r"-[\d.]")  # type: ignore[attr-defined]
    edit.add_argument("file", metavar="IN.tsk", help=ACCEPTED)
    edit.add_argument("out", metavar="OUT.tsk")
    edit.set_defaults(steps=[])
    group = edit.add_argument_group(
        "edits",
        "A mask is a picture, stretched over this one: white, or opaque, is what is edited; "
        f"{EVERYTHING} is the whole picture. Any edit can be given more than once.",
    )
    for step in STEPS:
        group.add_argument(
            f"--{step.option}",
            nargs=len(step.values),
            metavar=step.values,
            action=Append,
            const=step,
            help=step.summary,
        )


def _edit(options: argparse.Namespace) -> None:
    from textsketch.measure.report import layer_bytes
    from textsketch.pipeline import pack, unpack
    from textsketch.share.source import tsk_from

    if not options.steps:
        raise TextsketchError("nothing to edit; name an edit, such as --erase mask.png")
    out = _output(options.file, options.out, ".tsk")
    data = tsk_from(options.file)
    with _progress(options) as progress:
        layers = unpack(data)
        for index, (step, values) in enumerate(options.steps):
            progress(index / len(options.steps), step.option)
            layers = step.apply(layers, values)
    edited = pack(layers)
    out.write_bytes(edited)
    parts = layer_bytes(edited)
    record = {
        "file": str(out),
        "mode": str(layers.mode),
        "size_bytes": len(edited),
        "size_bytes_before": len(data),
        "edits": [step.option for step, _ in options.steps],
        "layer_bytes": parts,
    }
    change = "nothing changed" if edited == data else f"{len(data):,} before"
    _print(options, record, f"{out}: {len(edited):,} bytes, {change} ({_parts(parts)})")


def _encode(options: argparse.Namespace) -> None:
    from textsketch.measure.report import layer_bytes
    from textsketch.pipeline import encode

    out = _output(options.image, options.out, ".tsk")
    with _progress(options) as progress:
        encoded = encode(
            options.image,
            mode=options.mode,
            budget=options.budget,
            caption=options.caption,
            seed=options.seed,
            renderer=options.renderer,
            progress=progress,
            **given(options),
        )
    out.write_bytes(encoded.data)
    width, height = encoded.layers.size
    parts = layer_bytes(encoded.data)
    record = {
        "file": str(out),
        "mode": str(encoded.layers.mode),
        "width": width,
        "height": height,
        "size_bytes": encoded.size_bytes,
        "rate_bpp": encoded.rate_bpp,
        "layer_bytes": parts,
        "notes": list(encoded.notes),
    }
    line = f"{out}: {encoded.size_bytes:,} bytes, {encoded.rate_bpp:.5f} bpp ({_parts(parts)})"
    _print(options, record, "\n".join([line, *_source_notes(encoded.notes)]))


def _caption(options: argparse.Namespace) -> None:
    from textsketch.image.reading import read_image
    from textsketch.semantic.captions import table as captions
    from textsketch.semantic.text.coder import measure_text

    picture = read_image(options.image)
    with _progress(options) as progress:
        caption = captions.write(
            picture, options.source, most_bytes=options.most_bytes, progress=progress, **given(options)
        )
    characters, size_bytes, _ = measure_text(caption)
    _print(options, {"caption": caption, "characters": characters, "size_bytes": size_bytes}, caption)


def _reflect(options: argparse.Namespace) -> None:
    from textsketch.reflection import command as reflect_command

    out = _output(options.image, options.out, ".tsk")

    def show(sentence: str) -> None:
        print(_visible(f"textsketch: {sentence}"), file=sys.stderr)

    with _progress(options) as progress:
        record, lines = reflect_command.run(options, out, progress, show)
    _print(options, record, "\n".join(lines))


def _decode(options: argparse.Namespace) -> None:
    from textsketch.pipeline import decode
    from textsketch.share.source import tsk_from

    data = tsk_from(options.file)
    if options.out is None and not os.path.exists(options.file):
        raise TextsketchError("name the picture to write behind the link, such as picture.png")
    out = _output(options.file, options.out, ".png")
    with _naming_salvage(options, data), _progress(options) as progress:
        decoded = decode(
            data,
            mode=options.layers,
            renderer=options.renderer,
            damaged="skip" if options.salvage else "error",
            progress=progress,
            **given(options),
        )
    _save_picture(decoded.image, out)
    _tell_lost(options.file, decoded.lost)
    width, height = decoded.image.size
    record = {
        "file": str(out),
        "mode": str(decoded.mode),
        "width": width,
        "height": height,
        "lost": decoded.lost,
        "invented": decoded.invented,
    }
    lines = [f"{out}: {width} x {height} pixels, decoded as {decoded.mode}", *_invented(decoded.invented)]
    _print(options, record, "\n".join(lines))


@contextlib.contextmanager
def _naming_salvage(options: argparse.Namespace, data: bytes) -> Iterator[None]:
    """Let the error of a damaged file say what --salvage would give, if that was not asked for."""
    from textsketch import bitstream

    try:
        yield
    except BitstreamError as error:
        left = ""
        if not options.salvage:
            with contextlib.suppress(BitstreamError):
                mode = bitstream.salvage(data).layers.mode
                left = f"; --salvage gives what is left, {mode}"
        raise BitstreamError(f"{error}{left}") from None


def _info(options: argparse.Namespace) -> None:
    from textsketch import bitstream
    from textsketch.measure.report import layer_bytes
    from textsketch.semantic import words
    from textsketch.share.source import tsk_from

    data, lost = tsk_from(options.file), None
    with _naming_salvage(options, data):
        if options.salvage:
            saved = bitstream.salvage(data)
            data, layers, lost = saved.data, saved.layers, saved.lost
        else:
            layers = bitstream.unpack(data)
    header = bitstream.read_header(data)
    width, height = header.size
    rate_bpp = 8 * len(data) / (width * height)
    record = {
        "file": options.file,
        "version": header.version,
        "mode": str(layers.mode),
        "written_as": str(header.mode),
        "width": width,
        "height": height,
        "structure": header.kind.name,
        "seed": header.seed,
        "candidate": header.candidate,
        "size_bytes": len(data),
        "rate_bpp": rate_bpp,
        "layer_bytes": layer_bytes(data),
        "caption": layers.semantic.caption,
        "colours": words.describe(layers),
        "lost": lost,
    }
    _tell_lost(options.file, lost)
    # A link holds the whole file, in letters.
    name = options.file if len(options.file) <= _LONGEST_NAME else f"{options.file[:_LONGEST_NAME]}..."
    mode = str(layers.mode) if layers.mode == header.mode else f"{layers.mode} (cut from {header.mode})"
    lines = [
        f"file      {name}, format version {header.version}",
        f"picture   {width} x {height} pixels",
        f"mode      {mode}",
        *([f"structure {header.kind.name}"] if layers.structure is not None else []),
        f"seed      {header.seed}" + (f", candidate {header.candidate}" if header.candidate else ""),
        f"size      {len(data):,} bytes, {rate_bpp:.5f} bpp",
        *(f"  {name:<9} {size:>6,} bytes" for name, size in record["layer_bytes"].items()),
        f"caption   {layers.semantic.caption!r}",
        *([f"colours   {record['colours']}"] if record["colours"] else []),
    ]
    _print(options, record, "\n".join(lines))


def _share(command: Command, options: argparse.Namespace) -> None:
    with _progress(options) as progress:
        record, text = command.run(options, progress)
    _print(options, record, text)


def _compare(options: argparse.Namespace) -> None:
    from textsketch.image.reading import read_picture
    from textsketch.measure.baselines.search import best_within
    from textsketch.measure.baselines.table import FORMATS
    from textsketch.measure.comparison import save_comparison
    from textsketch.measure.metrics.table import METRICS
    from textsketch.pipeline import decode, encode, paint_plain
    from textsketch.progress import share
    from textsketch.render import registry

    names = [name.strip() for name in options.baselines.split(",") if name.strip()]
    for name in names:
        if name not in FORMATS:
            raise TextsketchError(f"unknown baseline {name!r}; choose from {', '.join(FORMATS)}")
    folder = Path(options.out)
    read = read_picture(options.image)
    picture = read.image
    folder.mkdir(parents=True, exist_ok=True)
    with _progress(options) as progress:
        encoded = encode(
            picture,
            mode=options.mode,
            budget=options.budget,
            caption=options.caption,
            seed=options.seed,
            progress=share(progress, 0.0, 0.7),
            **taken(registry.DEFAULT.allocation, given(options)),
        )
        progress(0.7, "decoding")
        rendering = taken(registry.DEFAULT.options, given(options))
        decoded, plain = decode(encoded.data, **rendering), None
        if decoded.invented is not None:
            plain = paint_plain(decoded.layers, **rendering)
        found = []
        for name in names:
            progress(0.8, f"searching the best {FORMATS[name].title}")
            found.append(best_within(picture, encoded.size_bytes, name))
        progress(0.95, "writing")
        report = save_comparison(folder, picture, encoded, decoded, found, notes=read.notes, plain=plain)
    size = f"{report.size_bytes:,} bytes, {report.rate_bpp:.5f} bpp"
    lines = [f"{folder}: {size} ({_parts(report.layer_bytes)})"]
    lines += _source_notes(report.notes)
    lines += _invented(decoded.invented)
    lines.append(f"  side_by_side.png shows all; the files and report.json lie beside it in {folder}")
    rows = [("textsketch", report.size_bytes, report.quality, str(decoded.mode))]
    rows += [(FORMATS[b.codec].title, b.size_bytes, b.quality, b.label) for b in report.baselines]
    for name, size_bytes, quality, label in rows:
        scores = "  ".join(
            f"{METRICS[metric].title} {METRICS[metric].show(quality[metric])}" for metric in quality
        )
        lines.append(f"  {name:<10} {size_bytes:>6,} B  {scores}  {label}")
    _print(options, report.as_dict(), "\n".join(lines))


def _evaluate(options: argparse.Namespace) -> None:
    from textsketch.measure.evaluation import command as evaluate_command

    with _progress(options) as progress:
        record = evaluate_command.run(options, progress if sys.stderr.isatty() else None)
    if record:
        unread = [f"not read: {path}: {why}" for path, why in record["unreadable_pictures"].items()]
        notes = [*dict.fromkeys(record["not_available"].values()), *record["notes"], *unread]
        wrote = (
            f"{options.out}: results.csv, summary.md, summary.json, plots, gallery.html, contact_sheet.png"
        )
        _print(options, record, "\n".join([f"{record['protocol']}.", *notes, wrote]))


def _weights(options: argparse.Namespace) -> None:
    from textsketch.models import weights

    if options.action == "list":
        records, lines = [], []
        for entry in weights.entries().values():
            ready = weights.is_available(entry.name)
            megabytes = f"{max(entry.size_bytes / 1e6, 1):>7,.0f} MB" if entry.size_bytes else "      ? MB"
            lines.append(f"{'ready' if ready else '-':<6} {entry.name:<24} {megabytes}  {entry.role}")
            records.append(
                {
                    "name": entry.name,
                    "available": ready,
                    "size_bytes": entry.size_bytes,
                    "licence": entry.licence,
                    "used_by": list(entry.used_by),
                    "role": entry.role,
                }
            )
        _print(options, {"weights": records}, "\n".join(lines))
    elif options.action == "space":
        from textsketch.models import space

        record = {"front_matter": space.front_matter(), "size_bytes": space.size_bytes()}
        _print(options, record, space.front_matter())
    elif options.name is None:
        raise TextsketchError(f"name the weights to {options.action}; textsketch weights list shows them")
    elif options.action == "fetch":
        with _progress(options) as progress:
            folders = weights.fetch_group(options.name, progress)
        _print_folders(options, folders, "ready")
    else:
        checks = [weights.verify(name) for name in weights.group(options.name)]
        wrong = [f"{check.name}: {check.unavailable}" for check in checks if check.unavailable is not None]
        if wrong:
            raise WeightsError("; ".join(wrong))
        _print_folders(options, {check.name: check.folder for check in checks}, "good")


def _print_folders(options: argparse.Namespace, folders: Mapping[str, Path | None], how: str) -> None:
    _print(
        options,
        {"name": options.name, "folders": {name: str(folder) for name, folder in folders.items()}},
        "\n".join(f"{name}: {how}, in {folder}" for name, folder in folders.items()),
    )


def _app(options: argparse.Namespace) -> None:
    import runpy

    path = Path(__file__).resolve().parent.parent / "app.py"
    if not path.is_file():
        raise TextsketchError("the web demo is not part of the installed package; run it from the repository")
    _check_address(options.host, options.port or 0)
    os.environ["GRADIO_SERVER_NAME"] = options.host
    if options.port is not None:
        os.environ["GRADIO_SERVER_PORT"] = str(options.port)
    runpy.run_path(str(path), run_name="__main__")


def _check_address(host: str, port: int) -> None:
    """Raise TextsketchError unless `host` is an address of this machine and `port` a number of one."""
    import socket

    if not 0 <= port < 1 << 16:
        raise TextsketchError(f"there is no port {port}; give one from 1 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no name of a machine"
        raise TextsketchError(f"cannot listen at {host}: {reason}; give an address of this machine") from None


def _output(source: str, chosen: str | None, suffix: str) -> Path:
    """Where to write: what was chosen, or a file beside the input, but never the input itself."""
    if chosen is None and not Path(source).name:
        raise TextsketchError(f"{source!r} is not a file; name one")
    out = Path(chosen) if chosen is not None else Path(source).with_suffix(suffix)
    if out.exists() and Path(source).exists() and out.samefile(source):
        raise TextsketchError(f"{out} is the input; name another file to write")
    return out


def _tell_lost(file: str, lost: str | None) -> None:
    """What was left out of a damaged file."""
    if lost is not None:
        print(_visible(f"textsketch: {file}: {lost}"), file=sys.stderr)


def _save_picture(image: Any, path: Path) -> None:
    try:
        image.save(path)
    except (ValueError, KeyError):
        raise TextsketchError(f"cannot write a picture as {path.name}; use a suffix such as .png") from None


def _source_notes(notes: Sequence[str]) -> list[str]:
    return [f"  of the source: {'; '.join(notes)}"] if notes else []


def _invented(sentence: str | None) -> list[str]:
    return [f"  {sentence}"] if sentence else []


def _parts(layer_bytes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size}" for name, size in layer_bytes.items())


def _print(options: argparse.Namespace, record: dict[str, Any], text: str) -> None:
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    if options.json:
        # Half a character, as the name of a file may hold, is an escape of JSON's too.
        print(json.dumps(record, indent=2, ensure_ascii=plain).encode("utf-8", "backslashreplace").decode())
    else:
        text = _visible(text)
        print(
            text.encode(sys.stdout.encoding, "backslashreplace").decode(sys.stdout.encoding)
            if plain
            else text
        )


class _progress:  # noqa: N801  used as a with statement
    """A progress line on standard error while the block runs; silent unless that is a terminal."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.shown = sys.stderr.isatty() and not options.json

    def __enter__(self) -> Progress:
        return self.show

    def show(self, fraction: float, message: str) -> None:
        """Draw the line anew."""
        if self.shown:
            filled = round(24 * fraction)
            bar = "#" * filled + "." * (24 - filled)
            print(f"\r[{bar}] {fraction:4.0%} {message:<40.40}", end="", file=sys.stderr, flush=True)

    def __exit__(self, *exception: object) -> None:
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
