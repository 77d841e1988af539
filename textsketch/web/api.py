"""The demo's two endpoints for programs, /encode and /decode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal

from textsketch.codestream import stream
from textsketch.errors import TextsketchError
from textsketch.progress import ignore
from textsketch.web.controls import MAX_SIDE
from textsketch.web.showcase import Showroom


def add_endpoints(showroom: Showroom) -> None:
    """Add /encode and /decode to the app being built."""

    def encode(
        image: gr.FileData,
        mode: str = "three-layer",
        budget: str = "packet",
        caption: str = "",
        seed: int = 0,
    ) -> tuple[gr.FileData, gr.FileData, dict]:
        """Encode a picture; returns the .tsk file, the decoded PNG and the report."""
        show = _answer(
            lambda: showroom.show(
                _uploaded(image),
                mode=mode,
                budget=budget,
                caption=caption,
                seed=seed,
                max_side=MAX_SIDE,
                progress=ignore,
            )
        )
        tsk, png = gr.FileData(path=show.files["tsk"]), gr.FileData(path=show.files["decoded"])
        return tsk, png, show.report.as_dict()

    def decode(file: gr.FileData, layers: str = "all", grain: bool = True) -> tuple[gr.FileData, dict]:
        """Decode a .tsk file; returns the PNG and what the file holds. layers: "all" or a mode.

        Of a damaged file the layers before the damage are painted; "lost" then says what is missing.
        """
        data, decoded, png = _answer(
            lambda: showroom.decode_file(
                _uploaded(file),
                mode=None if layers == "all" else layers,
                options={"grain": grain},
                progress=ignore,
            )
        )
        header = stream.read_header(data)
        held = {
            "width": header.size[0],
            "height": header.size[1],
            "mode": str(decoded.mode),
            "caption": decoded.layers.semantic.caption,
            "version": header.version,
            "lost": decoded.lost,
        }
        return gr.FileData(path=png), held

    gr.api(encode, api_name="encode", concurrency_id="work")
    gr.api(decode, api_name="decode", concurrency_id="work")


def _uploaded(file: Any) -> str:
    """The path of a file handed to an endpoint. Only what was uploaded is read."""
    path = file.get("path") if isinstance(file, dict) else getattr(file, "path", None)
    if not isinstance(path, str) or not is_in_or_equal(path, get_upload_folder()):
        raise TextsketchError("upload the file first and hand over what the upload returned")
    return path


def _answer(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except TextsketchError as error:
        raise gr.Error(str(error), print_exception=False) from None
