import pytest
from conftest import EXAMPLES

from textsketch.web import sweeps
from textsketch.web.jobs import JobCancelledError


def test_a_running_sweep_keeps_its_files_whatever_else_is_swept(monkeypatch, tmp_path, photo):
    monkeypatch.setattr(sweeps, "_MOST_FOLDERS", 1)
    room = sweeps.SweepRoom(tmp_path)
    small = tmp_path / "small.png"
    photo.resize((32, 32)).save(small)

    def cancelled(caption):
        def progress(share, message):
            if share > 0.1:
                raise JobCancelledError

        with pytest.raises(JobCancelledError):
            room.run(str(small), caption=caption, seed=0, max_side=64, progress=progress)

    others = iter(range(100))

    def disturb(sweep):
        if len(sweep.points) in (2, 4):
            for _ in range(2):
                cancelled(f"another {next(others)}")

    done = room.run(
        str(EXAMPLES / "cat.jpg"), caption="", seed=0, max_side=32, progress=lambda *_: None, found=disturb
    )
    assert all(sweeps.Path(path).exists() for point in done.points for path in (point.png, point.file))
    assert sum(path.is_dir() for path in tmp_path.iterdir()) == 1  # the cancelled ones are gone
    again = room.run(str(EXAMPLES / "cat.jpg"), caption="", seed=0, max_side=32, progress=lambda *_: None)
    assert again is done
