import pytest
from conftest import EXAMPLES

from textsketch.web import sweeps
from textsketch.web.jobs import JobCancelledError, Reporter
from textsketch.web.workers import Pool


class Heard(Reporter):
    """A reporter that calls `heard(update)` for each update."""

    def __init__(self, heard):
        super().__init__()
        self._heard = heard

    def _put(self, update):
        super()._put(update)
        self._heard(update)


def test_a_running_sweep_keeps_its_files_whatever_else_is_swept(monkeypatch, tmp_path, photo):
    monkeypatch.setattr(sweeps, "_MOST_FOLDERS", 1)
    pool = Pool(2)
    room = sweeps.Sweeps(tmp_path, pool)
    small = tmp_path / "small.png"
    photo.resize((32, 32)).save(small)

    def sweep(path, report, caption=""):
        return room.run(str(path), caption=caption, seed=0, max_side=32, report=report)

    def cancelled(caption):
        reporter = Heard(lambda update: update.fraction > 0.1 and reporter.stop.set())
        with pytest.raises(JobCancelledError):
            sweep(small, reporter, caption)

    counts = []

    def disturb(update):
        if update.preview is not None and len(update.preview.points) not in counts:
            counts.append(len(update.preview.points))
            if counts[-1] in (2, 4):
                cancelled(f"one {counts[-1]}")
                cancelled(f"another {counts[-1]}")

    done = sweep(EXAMPLES / "cat.jpg", Heard(disturb))
    assert counts == list(range(1, len(done.points) + 1))
    assert all(sweeps.Path(path).exists() for point in done.points for path in (point.png, point.file))
    assert sum(path.is_dir() for path in tmp_path.iterdir()) == 1  # the cancelled ones are gone
    assert sweep(EXAMPLES / "cat.jpg", Reporter()) is done
    pool.close()
