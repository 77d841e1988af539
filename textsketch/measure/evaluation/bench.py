"""Measures the cells of one picture: each writes its file, decodes that file and compares."""

from __future__ import annotations

import io
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textsketch import options
from textsketch.budget import parse_budget
from textsketch.errors import BudgetError, TextsketchError
from textsketch.image.reading import scale_to_fit
from textsketch.measure.baselines.search import Search, show
from textsketch.measure.evaluation.cells import Cell, Settings, encoder_version, features_path, thumbnail_path
from textsketch.measure.evaluation.worklist import Item
from textsketch.measure.metrics import distribution
from textsketch.measure.metrics.table import SCORES, SET_SCORES
from textsketch.pipeline import decode, encode, read_file
from textsketch.render import registry

_THUMBNAIL_SIDE = 512


class Bench:
    """Measures the cells of one picture, an RGB `picture` already at its evaluated size, into `folder`."""

    def __init__(self, item: Item, picture: Image.Image, settings: Settings, folder: Path) -> None:
        self._item, self._picture, self._settings, self._folder = item, picture, settings, folder
        self._searches: dict[str, Search] = {}
        self._encoded: tuple[tuple[str, str, str], tuple[bytes, str]] | None = None
        self._scores = [SCORES[name] for name in settings.metrics if name in SCORES]
        self._wants_features = any(name in SET_SCORES for name in settings.metrics)
        self._keep("original", picture)

    def measure(self, cell: Cell) -> dict[str, Any]:
        """The cell's record: "row" of results.csv, "seconds", and "failed" if it shall be tried again."""
        settings, picture = self._settings, self._picture
        row: dict[str, Any] = {
            "picture": self._item.name,
            "sha256": self._item.sha256,
            "width": picture.width,
            "height": picture.height,
            "codec": cell.codec,
            "mode": cell.mode,
            "renderer": cell.renderer,
            "budget": cell.budget,
            "encoder": encoder_version(cell.codec),
            "seed": settings.seed if cell.codec == "textsketch" else "",
            "grain": settings.grain if "grain" in self._rendering(cell) else "",
        }
        try:
            budget_bytes = parse_budget(cell.budget, picture.size)
            row["budget_bytes"] = budget_bytes
            ours = cell.codec == "textsketch"
            return self._ours(cell, row, budget_bytes) if ours else self._baseline(cell, row, budget_bytes)
        except BudgetError as error:  # the smallest file is larger: an outcome, not a failure
            return {"row": row | {"fits": False, "note": str(error)}, "seconds": {}}
        except TextsketchError as error:
            return {"row": row | {"fits": False, "note": f"failed: {error}"}, "seconds": {}, "failed": True}

    def _ours(self, cell: Cell, row: dict[str, Any], budget_bytes: int) -> dict[str, Any]:
        started = time.perf_counter()
        data, caption = self._encode(cell)
        encoded_at = time.perf_counter()
        path = self._write(f"{cell.stem}.tsk", data)
        image = decode(read_file(path), renderer=cell.renderer, **self._rendering(cell)).image
        seconds = {"encode": encoded_at - started, "decode": time.perf_counter() - encoded_at}
        if image.size != self._picture.size:
            image = image.resize(self._picture.size, Image.Resampling.LANCZOS)
        dropped = bool(self._caption) and not caption
        row |= {"fits": len(data) <= budget_bytes, "options": f"mode {cell.mode}, renderer {cell.renderer}"}
        row |= {"caption": caption, "note": "the caption does not fit and is left out" if dropped else ""}
        return {"row": row | self._figures(cell, path, data, image, caption), "seconds": seconds}

    def _baseline(self, cell: Cell, row: dict[str, Any], budget_bytes: int) -> dict[str, Any]:
        started = time.perf_counter()
        if cell.codec not in self._searches:
            self._searches[cell.codec] = Search(self._picture, cell.codec)
        found = self._searches[cell.codec].best_within(budget_bytes)
        searched_at = time.perf_counter()
        row |= {"fits": found.fits, "options": found.label}
        path = self._write(f"{cell.stem}.{found.extension}", found.data)
        image = show(cell.codec, path.read_bytes(), self._picture.size)
        seconds = {"encode": searched_at - started, "decode": time.perf_counter() - searched_at}
        if not found.fits:  # a file beyond the budget is no rival: its size is told, its quality is not
            row |= {"file": self._relative(path), "size_bytes": found.size_bytes}
            return {"row": row | {"rate_bpp": self._rate_bpp(found.data)}, "seconds": seconds}
        return {"row": row | self._figures(cell, path, found.data, image, self._caption), "seconds": seconds}

    def _rendering(self, cell: Cell) -> dict[str, Any]:
        """What of the settings the cell's renderer can be told."""
        if not cell.renderer:
            return {}
        return options.taken(registry.get(cell.renderer).options, {"grain": self._settings.grain})

    @property
    def _caption(self) -> str:
        return self._settings.caption_of(self._item)

    def _encode(self, cell: Cell) -> tuple[bytes, str]:
        """The file and the caption in it; a caption that does not fit is left out."""
        asked = (cell.mode, cell.budget, cell.renderer)
        if self._encoded is None or self._encoded[0] != asked:
            asked_for: dict[str, Any] = {
                "mode": cell.mode,
                "budget": cell.budget,
                "seed": self._settings.seed,
                "renderer": cell.renderer,
            }
            caption = self._caption
            try:
                data = encode(self._picture, caption=caption, **asked_for).data
            except BudgetError:
                if not caption:
                    raise
                caption = ""
                data = encode(self._picture, **asked_for).data
            self._encoded = asked, (data, caption)
        return self._encoded[1]

    def _figures(
        self, cell: Cell, path: Path, data: bytes, image: Image.Image, caption: str
    ) -> dict[str, Any]:
        self._keep(cell.stem, image)
        figures = {"file": self._relative(path), "size_bytes": len(data), "rate_bpp": self._rate_bpp(data)}
        for score in self._scores:
            value = score.measure(self._picture, image, caption)
            figures[score.name] = None if value is None or not math.isfinite(value) else _rounded(value)
        return figures

    def _rate_bpp(self, data: bytes) -> float:
        return _rounded(8 * len(data) / (self._picture.width * self._picture.height))

    def _write(self, name: str, data: bytes) -> Path:
        path = self._folder / "files" / self._item.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _keep(self, stem: str, image: Image.Image) -> None:
        """Keep what the gallery and the set's metrics need of a decoded picture."""
        small = scale_to_fit(image, _THUMBNAIL_SIDE)
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=85, method=4)
        path = thumbnail_path(self._item, stem, self._folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(buffer.getvalue())
        if self._wants_features:
            path = features_path(self._item, stem, self._folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, distribution.features(image))


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
