from textsketch.web.shelf import Shelf


def test_the_latest_folders_stay(tmp_path):
    shelf = Shelf(2)
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
        (folder / "file").write_text("content")
    shelf.put(folders[0])
    shelf.put(folders[1])
    shelf.put(folders[0])
    shelf.put(folders[2])
    assert [folder.exists() for folder in folders] == [True, False, True]
