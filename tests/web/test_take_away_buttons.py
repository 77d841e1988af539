import gradio as gr

from textsketch.web.result_panel import ResultPanel
from textsketch.web.shared import Shared


def test_nothing_can_be_taken_before_there_is_a_result(tmp_path):
    with gr.Blocks() as page:
        panel = ResultPanel(Shared(page, *[None] * 5, tmp_path))
    takers = {one.elem_id: one for one in panel.outputs if isinstance(one, gr.Button | gr.DownloadButton)}
    assert {"qr", "slide", "edit-this", "decode-this", "take-tsk"} <= set(takers)
    assert not any(one.interactive for one in takers.values())
