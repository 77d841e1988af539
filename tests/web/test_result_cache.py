import os

import pytest

from textsketch.web.result_cache import ResultCache, question


def put(cache, name, **options):
    with cache.new_folder() as folder:
        (folder / "file").write_text(name)
    cache.put(folder, name, f"the answer to {name}", **options)
    return folder


def test_the_latest_folders_stay_and_answer_their_questions(tmp_path):
    cache = ResultCache(tmp_path, 2)
    a, b = put(cache, "a"), put(cache, "b")
    assert cache.find("a") == "the answer to a"
    c = put(cache, "c")
    assert [folder.exists() for folder in (a, b, c)] == [True, False, True]
    assert cache.find("b") is None and cache.find("c") == "the answer to c"


def test_a_pinned_folder_stays_until_a_file_of_it_is_gone(tmp_path):
    cache = ResultCache(tmp_path, 1)
    pinned = put(cache, "first", pin=True)
    put(cache, "a"), put(cache, "b")
    assert cache.find("first") == "the answer to first"
    (pinned / "file").unlink()
    assert cache.find("first") is None
    anew = put(cache, "first", pin=True)
    put(cache, "c")
    assert cache.find("first") is not None and anew.exists() and not pinned.exists()


def test_what_failed_is_deleted_unless_its_files_are_on_show(tmp_path):
    cache = ResultCache(tmp_path, 1)
    for name, keep in (("other.webp", False), ("look.webp", True)):
        with pytest.raises(RuntimeError), cache.new_folder(on_show="look*") as folder:
            (folder / name).touch()
            raise RuntimeError
        assert folder.exists() == keep
    put(cache, "a")
    assert not folder.exists()


def test_a_file_that_changed_is_another_question(tmp_path):
    path = tmp_path / "file"
    path.write_text("one")
    before = question(str(path), seed=0)
    assert before == question(str(path), seed=0) != question(str(path), seed=1)
    path.write_text("another")
    assert question(str(path), seed=0) != before
    assert question(str(tmp_path / "missing"), seed=0)


def test_what_is_asked_for_again_is_young_again(tmp_path):
    cache = ResultCache(tmp_path, 2)
    with cache.new_folder() as folder:
        (folder / "a").write_text("a")
    cache.put(folder, "question", "answer")
    os.utime(folder / "a", (0, 0))
    assert cache.find("question") == "answer"
    assert (folder / "a").stat().st_mtime > 1e9
