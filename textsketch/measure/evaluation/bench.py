"""Measures the cells of one picture: each writes its file, decodes that file and compares."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textsketch import options
from textsketch.budget import parse_budget
from textsketch.errors import BudgetError, TextsketchError
from textsketch.image.reading import scale_to_fit
from textsketch.measure.evaluation.cells import (
    OURS,
    Cell,
    Settings,
    encoder_version,
    features_path,
    thumbnail_path,
)
from textsketch.measure.evaluation.subject import File, Subject
from textsketch.measure.evaluation.worklist import Item
from textsketch.measure.metrics import distribution
from textsketch.measure.metrics import table as metrics_table
from textsketch.render import registry

_THUMBNAIL_SIDE = 512


class Bench:
    """Measures the cells of one picture, an RGB `picture` already at its evaluated size, into `folder`."""

    def __init__(self, item: Item, picture: Image.Image, settings: Settings, folder: Path) -> None:
        self._item, self._picture, self._settings, self._folder = item, picture, settings, folder
        self._rendering = {
            name: options.taken(registry.get(name).options, {"grain": settings.grain})
            for name in settings.renderers
        }
        self._subject = Subject(
            picture,
            settings.caption_of(item),
            seed=settings.seed,
            effort=settings.effort,
            options=self._rendering,
            metrics=metrics_table.of_pictures(settings.metrics),
        )
        self._wants_features = bool(metrics_table.of_sets(settings.metrics))
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
            "seed": settings.seed if cell.codec == OURS else "",
            "plain": cell.plain if cell.codec == OURS else "",
            "grain": settings.grain if "grain" in self._rendering.get(cell.renderer, {}) else "",
        }
        try:
            row["budget_bytes"] = parse_budget(cell.budget, picture.size)
            return self._measured(cell, row)
        except BudgetError as error:  # the smallest file is larger: an outcome, not a failure
            return {"row": row | {"fits": False, "note": str(error)}, "seconds": {}}
        except TextsketchError as error:
            return {"row": row | {"fits": False, "note": f"failed: {error}"}, "seconds": {}, "failed": True}

    def _measured(self, cell: Cell, row: dict[str, Any]) -> dict[str, Any]:
        path = self._folder / "files" / self._item.name

        def write(file: File) -> bytes:
            nonlocal path
            path.mkdir(parents=True, exist_ok=True)
            path /= f"{cell.stem}.{file.extension}"
            path.write_bytes(file.data)
            return path.read_bytes()

        file, measured = self._subject.measure(cell, kept=write)
        row |= {"fits": file.fits, "file": path.relative_to(self._folder).as_posix()}
        row |= {"size_bytes": file.size_bytes, "rate_bpp": self._rate_bpp(file.data), "options": file.label}
        if cell.codec == OURS:
            note = "the caption does not fit and is left out" if file.dropped else ""
            told = f"mode {cell.mode}, renderer {cell.renderer}"
            row |= {"options": told, "caption": file.caption, "note": note}
        seconds = {"encode": file.seconds}
        if measured is not None:
            seconds["decode"] = measured.seconds
            self._keep(cell.stem, measured.image)
            row |= {name: None if v is None else _rounded(v) for name, v in measured.values.items()}
        return {"row": row, "seconds": seconds}

    def _rate_bpp(self, data: bytes) -> float:
        return _rounded(8 * len(data) / (self._picture.width * self._picture.height))

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
