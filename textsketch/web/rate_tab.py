"""The Rate and quality tab: curves of the current picture, every mode beside JPEG, WebP and AVIF."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from textsketch.measure.evaluation.curves import BUDGETS_BYTES, curve_titles, protocol
from textsketch.measure.metrics.metric import Place
from textsketch.measure.metrics.table import METRICS, shown_at
from textsketch.web import chart, html, pictures
from textsketch.web.controls import (
    ERRAND,
    MAX_SIDE,
    PRIVATE,
    WORK,
    Answer,
    Refresh,
    Updates,
    comparison,
    follow,
    on_any,
    owner,
)
from textsketch.web.jobs import Update
from textsketch.web.shared import Shared
from textsketch.web.sweeps import Sweep


def rate_tab(shared: Shared) -> None:
    """Lay out the tab and wire it; each point of the chart shows its decode."""
    jobs, sweeps, current = shared.jobs, shared.sweeps, shared.current
    gr.HTML(
        html.note(
            f"The picture, caption and decoder of the Encode tab, from {BUDGETS_BYTES[0]:,} to "
            f"{BUDGETS_BYTES[-1]:,} bytes. {protocol()}"
        )
    )
    with gr.Row():
        run = gr.Button("Draw the curves", variant="primary", elem_id="rate-run", scale=2)
        cancel = gr.Button("Cancel", elem_id="rate-cancel", scale=1)
        take_sheet = gr.DownloadButton(
            "Download the contact sheet", interactive=False, elem_id="take-sheet", scale=2
        )
    status = gr.HTML("", elem_id="rate-status")
    metric = gr.Radio(
        _metrics(),
        value=_metrics()[0][1],
        label="Metric of the chart",
        show_label=False,
        container=False,
        elem_id="rate-metric",
    )
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            plot = gr.HTML("", elem_id="rate-chart", js_on_load=chart.CHOOSE_SCRIPT)
        with gr.Column(scale=3, min_width=320):
            card = gr.HTML("", elem_id="rate-card")
            pair = gr.HTML("", elem_id="rate-pair")
            take_file = gr.DownloadButton("Download this file", interactive=False, elem_id="take-point")
    answer, swept, chosen = gr.State(Answer()), gr.State(None), gr.State(None)
    grown = gr.State(0)  # points of the sweep; the chart is drawn anew when it changes

    idle: Updates = {run: gr.update(interactive=True)}

    shared.refreshes.append(Refresh(lambda: {metric: gr.update(choices=_metrics())}, [], [metric]))

    def draw(sweep: Sweep | None, metric: str, chosen: int | None) -> str:
        if sweep is None:
            return ""
        row = METRICS[metric]
        marks = [point.mark(metric) for point in sweep.points]
        return chart.chart(marks, curve_titles(), f"{row.title} {row.unit}".strip(), chosen)

    def work(request: gr.Request, *settings) -> Iterator[Updates]:
        path, caption, seed, *rendering = settings
        if not path:
            yield {status: html.error("choose a picture first, in the Encode tab")}
            return
        jobs.announce(sweeper(request))
        yield {
            status: html.progress(Update(0.0, "starting")),
            run: gr.update(interactive=False),
            take_sheet: gr.update(interactive=False),
            take_file: gr.update(interactive=False),
            answer: Answer(settings),
            swept: None,
            chosen: None,
            grown: 0,
            card: "",
            pair: "",
        }

        renderer = current.renderer.asked(rendering)

        def answered(said: str = "") -> Updates:
            return idle | {status: said, answer: Answer(settings, said)}

        def job(report):
            return sweeps.run(
                path,
                caption=caption,
                seed=int(seed or 0),
                max_side=MAX_SIDE,
                report=report,
                renderer=renderer.renderer,
                options=renderer.rendering,
            )

        def working(update: Update) -> Updates:
            sweep: Sweep | None = update.preview
            return {} if sweep is None else {swept: sweep, grown: len(sweep.points)}

        def done(sweep: Sweep) -> Updates:
            return answered() | {
                swept: sweep,
                grown: len(sweep.points),
                take_sheet: gr.update(value=sweep.sheet, interactive=True),
            }

        yield from follow(
            jobs.run(sweeper(request), job),
            status,
            done,
            working=working,
            failed=lambda sentence: answered(html.error(sentence)),
            cancelled=lambda: answered(html.note("Cancelled.")),
        )

    def question(*settings) -> tuple:
        return settings

    def show(answer: Answer | None) -> str:
        if answer is None:
            return html.note("These curves are of the settings before: draw them again.")
        return answer.status

    def sweeper(request: gr.Request) -> str:
        return owner(request, "sweep")  # beside the visitor's encoding, not instead of it

    def stop(request: gr.Request) -> None:
        jobs.cancel(sweeper(request))

    def choose(sweep: Sweep | None, event: gr.SelectData) -> Updates:
        if sweep is None or not 0 <= int(event.index) < len(sweep.points):
            return gr.skip()
        index = int(event.index)
        point = sweep.points[index]
        return {
            chosen: index,
            card: html.point_card(point.label, point.size_bytes, point.rate_bpp, point.values),
            pair: pictures.pair(
                sweep.original, point.png, point.label, point.size_bytes, (sweep.width, sweep.height)
            ),
            take_file: gr.update(value=point.file, interactive=True),
        }

    check = (comparison(jobs, "sweep", question, show), [answer, *current.inputs], status)
    run.click(
        work,
        current.inputs,
        [status, run, take_sheet, take_file, answer, swept, chosen, grown, card, pair],
        **(WORK | ERRAND),
    ).then(*check, **PRIVATE)
    current.changes.call(*check)
    cancel.click(stop, None, None, queue=False, **PRIVATE)
    plot.select(choose, swept, [chosen, card, pair, take_file], **PRIVATE)
    on_any([grown.change, chosen.change, metric.change], draw, [swept, metric, chosen], plot)


def _metrics() -> list[tuple[str, str]]:
    """The metrics that can be used here for so many points: titles and names."""
    return [(row.title, row.name) for row in shown_at(Place.CHART) if row.unavailable() is None]
