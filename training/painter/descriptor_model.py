"""Counts the descriptors' tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textsketch.image.colour_space import to_ycbcr
from textsketch.semantic.descriptors import MOST_COEFFICIENTS, QUESTIONS, STEPS, analyse, liveliness, order
from training.painter.pictures import training_pictures
from training.tables import newest_file


def build(data: Path) -> None:
    """Count the tables and write them over those of the newest format version."""
    values, planes = [], []
    for picture, _ in training_pictures(data, 21, photo_repeats=4):
        values.append(analyse(to_ycbcr(np.asarray(picture)), picture.size))
        planes.append([plane for plane, _, _ in order(picture.size)])
    values = np.array(values)
    # Ranks of the same plane in most pictures' order are smoothed together.
    plane_of_rank = (np.array(planes) > 0).mean(axis=0) > 0.5
    more = np.zeros((len(STEPS), 3, MOST_COEFFICIENTS, QUESTIONS))
    expected = np.zeros((len(STEPS), MOST_COEFFICIENTS), np.int64)
    for index, step in enumerate(STEPS):
        magnitude = np.floor(np.abs(values) / step + 0.4).astype(int)
        activity = np.cumsum(magnitude, axis=1) - magnitude
        activity -= activity[:, 3:4]
        activity[:, :3] = 0
        expected[index] = np.rint(16 * activity.mean(axis=0))
        kind = np.array(
            [[liveliness(a, e) for a, e in zip(row, expected[index], strict=True)] for row in activity]
        )
        for rank in range(MOST_COEFFICIENTS):
            distance = np.abs(np.arange(MOST_COEFFICIENTS) - rank)
            reach = np.where(plane_of_rank == plane_of_rank[rank], np.maximum(0, 1 - distance / 8), 0)
            reach = np.where(rank < 3, distance == 0, np.where(np.arange(MOST_COEFFICIENTS) < 3, 0, reach))
            for lively in range(3):
                weight = (kind == lively) * reach + 0.02 * reach
                for question in range(QUESTIONS):
                    asked = (weight * (magnitude >= question)).sum()
                    yes = (weight * (magnitude > question)).sum()
                    more[index, lively, rank, question] = (yes + 0.3) / (asked + 1)
    minus = ((values < 0) * (np.abs(values) > 6)).sum(axis=0) + 20
    minus = minus / ((np.abs(values) > 6).sum(axis=0) + 40)
    np.savez_compressed(
        newest_file("descriptor_model"),
        more=np.clip(np.rint(more * 65536), 256, 65280).astype(np.uint16),
        minus=np.clip(np.rint(minus * 65536), 256, 65280).astype(np.uint16),
        expected=expected.astype(np.int32),
    )
