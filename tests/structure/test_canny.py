import subprocess
import sys

import cv2
import numpy as np
import pytest

from textsketch.structure import canny


def _grid() -> np.ndarray:
    cells = np.full((256, 256), 255, np.uint8)
    cells[::8] = 0
    cells[:, ::8] = 0
    return cv2.resize(cells, (192, 192), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("threads", [1, 2])
def test_edges_are_the_same_with_any_number_of_threads(threads):
    before = cv2.getNumThreads()
    derivatives = [cv2.Sobel(_grid(), cv2.CV_16S, *order) for order in ((1, 0), (0, 1))]
    for source in ([_grid()], derivatives):
        wanted = canny.edges(*source, low=20, high=50)
        cv2.setNumThreads(threads)
        assert wanted.any() and np.array_equal(canny.edges(*source, low=20, high=50), wanted)
        cv2.setNumThreads(before)


def test_many_edges_in_a_single_thread_harm_nothing(tmp_path):
    np.save(tmp_path / "cells.npy", _grid())
    script = (
        "import cv2, numpy as np, sys\n"
        "from textsketch.structure import canny\n"
        "cv2.setNumThreads(1)\n"
        "cells = np.load(sys.argv[1])\n"
        "for _ in range(20):\n"
        "    canny.edges(cells, low=20, high=50)\n"
        "print('alive')\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "cells.npy")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.stdout.strip() == "alive", ended.stderr
