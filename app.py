"""textsketch in the browser: layout and wiring; `textsketch.pipeline` does the work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from textsketch.render import zero_gpu

zero_gpu.start()  # before anything imports torch

import gradio as gr
import yaml
from gradio.utils import get_upload_folder, is_in_or_equal

from textsketch import render
from textsketch.budget import MAX_BUDGET_BYTES, PRESETS, parse_budget
from textsketch.errors import TextsketchError
from textsketch.image import read_image, read_size
from textsketch.layers import Mode
from textsketch.measure.rate_quality import METRICS, PROTOCOL, curve_titles
from textsketch.render import profiles
from textsketch.semantic import captioner
from textsketch.semantic.text_coder import measure_text
from textsketch.web import chart, html
from textsketch.web.jobs import JobCancelledError, Jobs
from textsketch.web.showcase import Showcase, Showroom
from textsketch.web.sweeps import Sweep, SweepRoom

EXAMPLES = Path(__file__).parent / "examples"
MAX_UPLOAD = "32mb"
MAX_SIDE = 1024
PAIRS = {
    "Original | decoded": ("original", "decoded"),
    "JPEG of the same size | decoded": ("jpeg_shown", "decoded"),
    "Original | JPEG of the same size": ("original", "jpeg_shown"),
}
MODES = [("Text only", "text-only"), ("Text + sketch", "text+sketch"), ("Three layers", "three-layer")]
CUSTOM = "custom"
BUDGETS = [
    *((preset.short_title, preset.name) for preset in PRESETS.values()),
    ("Other", CUSTOM),
]
LAYERS = [("All the file has", "all"), *((mode.value, mode.value) for mode in Mode)]

if zero_gpu.active():
    from textsketch.render import diffusion

    diffusion.gpu_run()
    if (profile := profiles.default()) is not None:
        diffusion.prepare(profile.name)

showroom = Showroom()
sweeps = SweepRoom(showroom.root)
jobs = Jobs()


def uploaded_path(payload: Any) -> str | None:
    """Hand over the uploaded file untouched: `textsketch.image` decodes it, with limits."""
    return payload.path if payload is not None else None


def example_captions() -> dict[str, str]:
    """The bundled pictures, path by path, with their captions."""
    captions = yaml.safe_load((EXAMPLES / "captions.yaml").read_text(encoding="utf-8"))
    return {str(EXAMPLES / name): caption for name, caption in captions.items()}


def chosen_budget(preset: str, size_bytes: float | None) -> int | str:
    """The budget the two controls stand for."""
    return int(size_bytes or 0) if preset == CUSTOM else preset


def describe_budget(path: str | None, preset: str, size_bytes: float | None) -> str:
    """The live line under the budget: bytes and bits per pixel for the picture chosen."""
    budget = chosen_budget(preset, size_bytes)
    if not path:
        return html.note("Choose a picture to see the budget in bits per pixel.")
    try:
        width, height = fitted(read_size(path))
        budget_bytes = parse_budget(budget, (width, height))
    except TextsketchError as error:
        return html.error(str(error))
    rate_bpp = 8 * budget_bytes / (width * height)
    return html.note(f"{budget_bytes:,} bytes = {rate_bpp:.5f} bits per pixel at {width} x {height}")


def fitted(size: tuple[int, int]) -> tuple[int, int]:
    """The size a picture is scaled down to before encoding."""
    factor = min(1.0, MAX_SIDE / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def describe_caption(caption: str) -> str:
    """The live line under the caption."""
    try:
        characters, coded_bytes, zlib_bytes = measure_text(caption)
    except TextsketchError as error:
        return html.error(str(error))
    return html.note(f"{characters} characters → {coded_bytes} bytes (zlib: {zlib_bytes})")


def build() -> gr.Blocks:
    """Lay out the demo and wire it."""
    captions = example_captions()
    first = next(iter(captions))
    with gr.Blocks(
        title="textsketch", analytics_enabled=False, delete_cache=(3600, 24 * 3600), fill_width=True
    ) as demo:
        gr.HTML(
            "<h1>textsketch</h1><p>A picture, sent in the space of a sentence: as a caption, a line drawing "
            "and a map of its colours.</p>",
            elem_id="title",
        )
        with gr.Tab("Encode", id="encode"):
            current = encode_tab(demo, captions, first)
        with gr.Tab("Decode", id="decode"):
            decode_tab()
        with gr.Tab("Rate and quality", id="rate"):
            rate_tab(current)
        gr.api(api_encode, api_name="encode", concurrency_id="work")
        gr.api(api_decode, api_name="decode", concurrency_id="work")
    demo.queue(max_size=32, default_concurrency_limit=2)
    return demo


def encode_tab(demo: gr.Blocks, captions: dict[str, str], first: str) -> list[gr.components.Component]:
    """Everything between an upload and the files to take home.

    Returns what another tab needs of the current picture: picture, caption, seed, grain, decoder, steps.
    """
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            picture = gr.Image(
                value=first,
                label="Picture",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard", "webcam"],
                format="png",
                height=280,
                elem_id="picture",
            )
            picture.preprocess = uploaded_path  # type: ignore[method-assign]
            examples = gr.Gallery(
                list(captions),
                show_label=False,
                columns=4,
                allow_preview=False,
                object_fit="cover",
                elem_id="examples",
                buttons=[],
            )
            mode = gr.Radio(
                MODES,
                value="three-layer",
                label="Mode",
                info="Text: caption and colour descriptors. Sketch: a line drawing. Third layer: a colour map.",
                elem_id="mode",
            )
            preset = gr.Radio(BUDGETS, value="packet", label="Bit budget", elem_id="budget")
            size_bytes = gr.Number(
                600,
                label="Bytes",
                minimum=1,
                maximum=MAX_BUDGET_BYTES,
                precision=0,
                visible=False,
                elem_id="bytes",
            )
            budget_line = gr.HTML(describe_budget(first, "packet", None), elem_id="budget-line")
            caption = gr.Textbox(
                captions[first],
                label="Caption",
                lines=2,
                max_lines=4,
                placeholder="What does the picture show?",
                elem_id="caption",
            )
            caption_line = gr.HTML(describe_caption(captions[first]), elem_id="caption-line")
            source, write = caption_controls()
            with gr.Row():
                run = gr.Button("Encode", variant="primary", elem_id="run", scale=3)
                cancel = gr.Button("Cancel", elem_id="cancel", interactive=False, scale=1)
            status = gr.HTML("", elem_id="status")
            preview = gr.Image(
                label="Preview", format="png", interactive=False, visible=False, height=200, buttons=[]
            )
            with gr.Accordion("Advanced", open=False):
                decoder, steps = decoder_controls("encode")
                seed = gr.Number(0, label="Seed of the grain", minimum=0, maximum=2**32 - 1, precision=0)
                grain = gr.Checkbox(True, label="Paint fine grain where the picture has texture")
        with gr.Column(scale=5, min_width=320):
            headline = gr.HTML("", elem_id="headline")
            slider = gr.ImageSlider(
                type="filepath",
                format="png",
                show_label=False,
                interactive=False,
                max_height=620,
                elem_id="slider",
                buttons=["fullscreen"],
            )
            pair = gr.Radio(
                list(PAIRS), value=next(iter(PAIRS)), show_label=False, container=False, elem_id="pair"
            )
            with gr.Row(equal_height=False, elem_id="layers"):
                with gr.Column(min_width=240):
                    caption_card = gr.HTML("", elem_id="layer-text")
                with gr.Column(min_width=160, visible=False) as sketch_column:
                    sketch = gr.Image(
                        show_label=False, format="png", interactive=False, type="filepath", buttons=[]
                    )
                    sketch_title = gr.HTML("")
                with gr.Column(min_width=160, visible=False) as colour_column:
                    colour_map = gr.Image(
                        show_label=False, format="png", interactive=False, type="filepath", buttons=[]
                    )
                    colour_title = gr.HTML("")
            with gr.Row():
                take_tsk = gr.DownloadButton("Download .tsk", interactive=False, elem_id="take-tsk")
                take_png = gr.DownloadButton("Download decoded PNG", interactive=False, elem_id="take-png")
                take_jpeg = gr.DownloadButton("Download the JPEG", interactive=False, elem_id="take-jpeg")
            with gr.Accordion("The whole file, byte by byte", open=False):
                dump = gr.HTML("", elem_id="dump")
    files = gr.State({})
    shown = [
        status, headline, slider, caption_card, sketch_column, sketch, sketch_title, colour_column, colour_map,
        colour_title, take_tsk, take_png, take_jpeg, dump, files, run, cancel, preview,
    ]  # fmt: skip

    def work(
        path, mode, preset, size_bytes, caption, seed, grain, decoder, steps, pair, request: gr.Request
    ) -> Iterator[dict]:
        if not path:
            yield {status: html.error("choose a picture first: upload one or click an example")}
            return
        yield {
            status: html.note("Starting"),
            run: gr.update(interactive=False),
            cancel: gr.update(interactive=True),
        }
        idle = {
            run: gr.update(interactive=True),
            cancel: gr.update(interactive=False),
            preview: gr.update(visible=False, value=None),
        }

        def job(report):
            return showroom.show(
                path,
                mode=mode,
                budget=chosen_budget(preset, size_bytes),
                caption=caption,
                seed=int(seed or 0),
                max_side=MAX_SIDE,
                progress=report,
                renderer=decoder,
                options=decoder_options(decoder, grain, steps),
                preview=report.preview,
            )

        try:
            for update in jobs.run(owner(request), job):
                if update.done:
                    yield idle | {status: ""} | result(update.result, pair)
                else:
                    seen = update.preview is not None
                    yield {
                        status: html.progress(update),
                        preview: gr.update(visible=seen, value=update.preview),
                    }
        except TextsketchError as error:
            yield idle | {status: html.error(str(error))}
        except JobCancelledError:
            yield idle | {status: html.note("Cancelled.")}

    def result(show: Showcase, pair: str) -> dict:
        sizes = show.report.layer_bytes
        title = html.card_title
        return {
            headline: html.headline(show),
            slider: tuple(show.files[name] for name in PAIRS[pair]),
            caption_card: html.caption_card(show.report.caption, sizes["semantic"]),
            sketch_column: gr.update(visible="sketch" in show.files),
            sketch: show.files.get("sketch"),
            sketch_title: title("2. Sketch", sizes.get("structure", 0)),
            colour_column: gr.update(visible="colour_map" in show.files),
            colour_map: show.files.get("colour_map"),
            colour_title: title("3. Colour map", sizes.get("texture", 0)),
            take_tsk: gr.update(
                value=show.files["tsk"],
                interactive=True,
                label=f"Download .tsk ({show.report.size_bytes:,} B)",
            ),
            take_png: gr.update(value=show.files["decoded"], interactive=True),
            take_jpeg: gr.update(value=show.files["jpeg"], interactive=True),
            dump: html.hex_dump(show.encoded.data),
            files: show.files,
        }

    def write_caption(path, source, request: gr.Request) -> Iterator[dict]:
        if not path:
            yield {status: html.error("choose a picture first: upload one or click an example")}
            return
        idle = {write: gr.update(interactive=True), cancel: gr.update(interactive=False)}
        yield {write: gr.update(interactive=False), cancel: gr.update(interactive=True)}
        try:
            for update in jobs.run(
                owner(request), lambda report: captioner.write(read_image(path), source, progress=report)
            ):
                if update.done:
                    yield idle | {status: "", caption: update.result}
                else:
                    yield {status: html.progress(update)}
        except TextsketchError as error:
            yield idle | {status: html.error(str(error))}
        except JobCancelledError:
            yield idle | {status: html.note("Cancelled.")}

    def stop(request: gr.Request) -> None:
        jobs.cancel(owner(request))

    def pick(event: gr.SelectData) -> tuple[str, str]:
        path = list(captions)[event.index]
        return path, captions[path]

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    asked = [picture, mode, preset, size_bytes, caption, seed, grain, decoder, steps, pair]
    worker: dict[str, Any] = {"concurrency_id": "work", **quiet}
    run.click(work, asked, shown, **worker)
    examples.select(pick, None, [picture, caption], **quiet).then(work, asked, shown, **worker)
    demo.load(work, asked, shown, **worker)
    write.click(write_caption, [picture, source], [status, caption, write, run, cancel], **worker)
    cancel.click(stop, None, None, queue=False, **quiet)
    pair.change(
        lambda pair, files: tuple(files[name] for name in PAIRS[pair]) if files else None,
        [pair, files],
        slider,
        **quiet,
    )
    # An example's caption says nothing about a picture of one's own.
    picture.upload(lambda: "", None, caption, **quiet)
    preset.change(lambda preset: gr.update(visible=preset == CUSTOM), preset, size_bytes, **quiet)
    for control in (picture, preset, size_bytes):
        control.change(describe_budget, [picture, preset, size_bytes], budget_line, **quiet)
    caption.change(describe_caption, caption, caption_line, trigger_mode="always_last", **quiet)
    return [picture, caption, seed, grain, decoder, steps]


def caption_controls() -> tuple[gr.Dropdown, gr.Button]:
    """Which captioner writes a proposal; where no weights are there, what they need."""
    sources = captioner.sources()
    ready = [(source.title, source.name) for source in sources if source.problem is None]
    with gr.Row(visible=bool(ready)):
        source = gr.Dropdown(ready, value=ready[0][1] if ready else None, show_label=False, container=False)
        write = gr.Button("Write a caption", size="sm", elem_id="write")
    if not ready:
        gr.HTML(html.missing("Captions written for you need weights", [s.problem or "" for s in sources]))
    return source, write


def decoder_controls(tab: str) -> tuple[gr.Dropdown, gr.Number]:
    """Which renderer paints; those whose weights are missing are named with what they lack."""
    offers = render.offers()
    ready = [(offer.title, offer.name) for offer in offers if offer.problem is None]
    profile = profiles.default()
    decoder = gr.Dropdown(
        ready,
        value=profile.name if profile else render.PAINTER,
        label="Decoder",
        info="The painter runs anywhere. Stable Diffusion paints a photograph that follows the layers.",
        elem_id=f"{tab}-decoder",
    )
    steps = gr.Number(
        None, label="Steps of Stable Diffusion (empty: the profile's)", minimum=1, maximum=100, precision=0,
        visible=len(ready) > 1, elem_id=f"{tab}-steps",
    )  # fmt: skip
    lacking = [offer.problem for offer in offers if offer.problem is not None]
    if lacking:
        gr.HTML(html.missing("Other decoders need weights", lacking))
    return decoder, steps


def decoder_options(decoder: str, grain: bool, steps: float | None) -> dict[str, Any]:
    """What `pipeline.decode` passes on to the renderer."""
    if decoder == render.PAINTER:
        return {"grain": grain}
    return {"steps": int(steps) if steps else None}


def owner(request: gr.Request, tab: str = "encode") -> str:
    """Whose job it is: one visitor's tab runs one at a time."""
    return f"{request.session_hash}/{tab}"


def decode_tab() -> None:
    """A .tsk file in, its picture out, with as many layers as wanted."""
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            file = gr.File(label="A .tsk file", type="filepath", elem_id="tsk")
            layers = gr.Radio(LAYERS, value="all", label="Layers to paint", elem_id="layers-to-paint")
            decoder, steps = decoder_controls("decode")
            grain = gr.Checkbox(True, label="Paint fine grain")
            status = gr.HTML("", elem_id="decode-status")
        with gr.Column(scale=5, min_width=320):
            card = gr.HTML("", elem_id="decode-card")
            image = gr.Image(
                label="Decoded from the file alone",
                format="png",
                type="filepath",
                interactive=False,
                elem_id="decoded-image",
                buttons=["download", "fullscreen"],
            )

    def work(path, layers, grain, decoder, steps, request: gr.Request) -> Iterator[dict]:
        if not path:
            yield {status: "", card: "", image: None}
            return
        mode = None if layers == "all" else layers
        try:
            for update in jobs.run(
                owner(request, "decode"),
                lambda report: showroom.decode_file(
                    path,
                    mode=mode,
                    progress=report,
                    renderer=decoder,
                    options=decoder_options(decoder, grain, steps),
                ),
            ):
                if update.done:
                    header, decoded, png = update.result
                    caption = decoded.layers.semantic.caption
                    size_bytes = Path(path).stat().st_size
                    yield {
                        status: "",
                        card: html.file_card(header, size_bytes, decoded.mode, caption),
                        image: png,
                    }
                else:
                    yield {status: html.progress(update)}
        except TextsketchError as error:
            yield {status: html.error(str(error)), card: "", image: None}
        except JobCancelledError:
            return  # a newer choice is being painted

    for control in (file, layers, grain, decoder, steps):
        control.change(
            work,
            [file, layers, grain, decoder, steps],
            [status, card, image],
            concurrency_id="work",
            show_progress="hidden",
            api_visibility="private",
        )


def rate_tab(current: list[gr.components.Component]) -> None:
    """Curves of the current picture: every mode beside JPEG, WebP and AVIF; each point shows its decode.

    current: what `encode_tab` returns.
    """
    gr.HTML(
        html.note(
            "The picture, caption and decoder of the Encode tab, from 25 to 3,000 bytes. Choose a point to see "
            f"what it decodes to. {PROTOCOL}"
        )
    )
    with gr.Row():
        run = gr.Button("Draw the curves", variant="primary", elem_id="rate-run", scale=2)
        cancel = gr.Button("Cancel", elem_id="rate-cancel", interactive=False, scale=1)
        take_sheet = gr.DownloadButton(
            "Download the contact sheet", interactive=False, elem_id="take-sheet", scale=2
        )
    status = gr.HTML("", elem_id="rate-status")
    metric = gr.Radio(
        [(title, name) for name, (title, _, _) in METRICS.items()],
        value="psnr_db",
        show_label=False,
        container=False,
        elem_id="rate-metric",
    )
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            plot = gr.HTML("", elem_id="rate-chart", js_on_load=chart.CHOOSE_SCRIPT)
        with gr.Column(scale=3, min_width=320):
            card = gr.HTML("", elem_id="rate-card")
            slider = gr.ImageSlider(
                type="filepath",
                format="png",
                show_label=False,
                interactive=False,
                max_height=460,
                elem_id="rate-slider",
                buttons=["fullscreen"],
            )
            take_file = gr.DownloadButton("Download this file", interactive=False, elem_id="take-point")
    swept, chosen = gr.State(None), gr.State(None)

    def draw(sweep: Sweep | None, metric: str, chosen: int | None) -> str:
        title, unit, _ = METRICS[metric]
        marks = [point.mark(metric) for point in sweep.points] if sweep else []
        return chart.chart(marks, curve_titles(), f"{title} {unit}".strip(), chosen)

    def work(path, caption, seed, grain, decoder, steps, metric, request: gr.Request) -> Iterator[dict]:
        if not path:
            yield {status: html.error("choose a picture first, in the Encode tab")}
            return
        idle = {run: gr.update(interactive=True), cancel: gr.update(interactive=False)}
        yield {
            status: html.note("Starting"),
            run: gr.update(interactive=False),
            cancel: gr.update(interactive=True),
            take_sheet: gr.update(interactive=False),
            take_file: gr.update(interactive=False),
            swept: None,
            chosen: None,
            plot: "",
            card: "",
            slider: None,
        }
        latest: list[Sweep] = []

        def job(report):
            return sweeps.run(
                path,
                caption=caption,
                seed=int(seed or 0),
                max_side=MAX_SIDE,
                progress=report,
                renderer=decoder,
                options=decoder_options(decoder, grain, steps),
                found=latest.append,
            )

        drawn = 0
        try:
            for update in jobs.run(sweeper(request), job):
                if update.done:
                    yield idle | {
                        status: "",
                        swept: update.result,
                        plot: draw(update.result, metric, None),
                        take_sheet: gr.update(value=update.result.sheet, interactive=True),
                    }
                elif len(latest) > drawn:
                    drawn = len(latest)
                    yield {
                        status: html.progress(update),
                        swept: latest[-1],
                        plot: draw(latest[-1], metric, None),
                    }
                else:
                    yield {status: html.progress(update)}
        except TextsketchError as error:
            yield idle | {status: html.error(str(error))}
        except JobCancelledError:
            yield idle | {status: html.note("Cancelled.")}

    def sweeper(request: gr.Request) -> str:
        return f"{owner(request)}-sweep"  # beside the visitor's encoding, not instead of it

    def stop(request: gr.Request) -> None:
        jobs.cancel(sweeper(request))

    def choose(sweep: Sweep | None, metric: str, event: gr.SelectData) -> dict:
        if sweep is None or not 0 <= int(event.index) < len(sweep.points):
            return {}
        index = int(event.index)
        point = sweep.points[index]
        return {
            chosen: index,
            plot: draw(sweep, metric, index),
            card: html.point_card(point.label, point.size_bytes, point.rate_bpp, point.values),
            slider: (sweep.original, point.png),
            take_file: gr.update(value=point.file, interactive=True),
        }

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    run.click(
        work,
        [*current, metric],
        [status, run, cancel, take_sheet, take_file, swept, chosen, plot, card, slider],
        concurrency_id="work",
        **quiet,
    )
    cancel.click(stop, None, None, queue=False, **quiet)
    plot.select(choose, [swept, metric], [chosen, plot, card, slider, take_file], **quiet)
    metric.change(draw, [swept, metric, chosen], plot, **quiet)


def api_encode(
    image: gr.FileData,
    mode: str = "three-layer",
    budget: str = "packet",
    caption: str = "",
    seed: int = 0,
) -> tuple[gr.FileData, gr.FileData, dict]:
    """Encode a picture; returns the .tsk file, the decoded PNG and the report."""
    show = _api_call(
        lambda: showroom.show(
            uploaded(image),
            mode=mode,
            budget=budget,
            caption=caption,
            seed=seed,
            max_side=MAX_SIDE,
            progress=lambda fraction, message: None,
        )
    )
    return gr.FileData(path=show.files["tsk"]), gr.FileData(path=show.files["decoded"]), show.report.as_dict()


def api_decode(file: gr.FileData, layers: str = "all", grain: bool = True) -> tuple[gr.FileData, dict]:
    """Decode a .tsk file; returns the PNG and what the file holds. layers: "all" or a mode."""
    mode = None if layers == "all" else layers
    header, decoded, png = _api_call(
        lambda: showroom.decode_file(
            uploaded(file), mode=mode, options={"grain": grain}, progress=lambda fraction, message: None
        )
    )
    held = {
        "width": header.size[0],
        "height": header.size[1],
        "mode": str(decoded.mode),
        "caption": decoded.layers.semantic.caption,
        "version": header.version,
    }
    return gr.FileData(path=png), held


def uploaded(file: Any) -> str:
    """The path of a file handed to an API endpoint. Only what was uploaded is read."""
    path = file.get("path") if isinstance(file, dict) else getattr(file, "path", None)
    if not isinstance(path, str) or not is_in_or_equal(path, get_upload_folder()):
        raise TextsketchError("upload the file first and hand over what the upload returned")
    return path


def _api_call(call):
    try:
        return call()
    except TextsketchError as error:
        raise gr.Error(str(error)) from None


demo = build()

if __name__ == "__main__":
    demo.launch(
        theme=gr.themes.Base(
            primary_hue="orange",
            neutral_hue="stone",
            font=["ui-sans-serif", "system-ui", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        css=(Path(__file__).parent / "textsketch" / "web" / "style.css").read_text(encoding="utf-8"),
        allowed_paths=[str(EXAMPLES), str(showroom.root)],
        max_file_size=MAX_UPLOAD,
        enable_monitoring=False,
        ssr_mode=False,
        show_error=True,
        footer_links=["api"],
    )
