"""A reflection as a folder: the pictures and files of all rounds, a page to read, and report.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textsketch.reflection.rounds import Reflection, Round


def record(found: Reflection) -> dict[str, Any]:
    """What came out, as JSON has it."""
    return {
        "caption": found.best.caption,
        "size_bytes": found.encoded.size_bytes,
        "rate_bpp": found.encoded.rate_bpp,
        "budget_bytes": found.budget_bytes,
        "best_round": found.best.number,
        "chosen_by": found.chosen_by,
        "captions": found.captions,
        "renderer": found.renderer,
        "rounds": [
            {
                "number": one.number,
                "caption": one.caption,
                "size_bytes": one.encoded.size_bytes,
                "decoded": one.decoded is not None,
                "clip_image_image": one.similarity,
                "differs": one.differs,
            }
            for one in found.rounds
        ],
        "calls": {"words": found.words, "pictures": found.pictures, "at_most": found.plan.calls},
        "cost": {"spent": found.cost, "at_most": found.plan.cost},
        "stopped": found.stopped,
    }


def lines(found: Reflection) -> list[str]:
    """What came out, for people: a line a round, how the best was chosen, what was asked."""
    told = [f"  round {one.number}{' *' if one is found.best else '  '} {_told(one)}" for one in found.rounds]
    told.append(f"  * the best {found.chosen_by}" if len(found.rounds) > 1 else "  * the only round")
    if found.stopped is not None:
        told.append(f"  stopped: {found.stopped}")
    return [*told, f"  {found.calls_sentence}"]


def _told(one: Round) -> str:
    parts = [f"{one.encoded.size_bytes} bytes", repr(one.caption)]
    if one.similarity is not None:
        parts.append(f"CLIP {one.similarity:.3f}")
    if one.decoded is None:
        parts.append("not decoded")
    if one.differs:
        parts.append(f"differs: {one.differs}")
    return ", ".join(parts)


def save(found: Reflection, folder: Path) -> None:
    """Write original.png, round-N.png and round-N.tsk of every round, report.md and report.json."""
    folder.mkdir(parents=True, exist_ok=True)
    found.original.save(folder / "original.png")
    page = ["# Reflection", "", *lines(found), "", "![The original](original.png)", ""]
    for one in found.rounds:
        (folder / f"round-{one.number}.tsk").write_bytes(one.encoded.data)
        if one.decoded is not None:
            one.decoded.save(folder / f"round-{one.number}.png")
            page += [
                f"Round {one.number}: {_told(one)}",
                "",
                f"![Round {one.number}](round-{one.number}.png)",
                "",
            ]
    (folder / "report.md").write_text("\n".join(page), encoding="utf-8")
    report = json.dumps(record(found), indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(report + "\n", encoding="utf-8")
