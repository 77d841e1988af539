import json

import numpy as np
import pytest

from textsketch.codestream import tables
from textsketch.codestream.tables import NEWEST, find, load, manifest
from training.logistic import arrays
from training.tables import FOLDER, is_as_listed, lines, versions


@pytest.mark.parametrize("table", manifest(), ids=lambda table: table.file)
def test_each_file_has_the_hash_and_the_arrays_of_the_manifest(table):
    assert is_as_listed(table)
    assert table.maker and table.data and table.file.startswith(f"{table.name}-{table.since}.")


def test_the_folder_holds_what_the_manifest_lists_and_nothing_else():
    files = {path.name for path in FOLDER.iterdir() if path.suffix != ".py" and path.is_file()}
    assert files == {table.file for table in manifest()} | {"MANIFEST.json"}
    assert len({(table.name, table.since) for table in manifest()}) == len(manifest())


def test_every_maker_is_a_program_of_the_training_folder():
    root = FOLDER.parents[2]
    for table in manifest():
        module = root.joinpath(*table.maker.removeprefix("python -m ").split("."))
        assert module.with_suffix(".py").exists() or (module / "__main__.py").exists(), table.maker


def test_a_version_reads_the_newest_table_that_is_not_younger():
    assert (find("colour_model", 0).since, find("colour_model", 1).since) == (0, 1)
    assert find("logistic", 0) == find("logistic", 1)
    with pytest.raises(KeyError, match="ntc"):
        find("ntc", 0)  # soft edges came with version 1
    with pytest.raises(KeyError):
        find("no such table", NEWEST)


def test_a_new_version_of_one_table_is_one_more_row(monkeypatch):
    newer = find("colour_model", NEWEST).__dict__ | {"since": 2, "file": "colour_model-2.npz"}
    rows = (*manifest(), tables.Table(**newer))
    monkeypatch.setattr(tables, "manifest", lambda: rows)
    for version, since in ((0, 0), (1, 1), (2, 2), (3, 2)):
        assert find("colour_model", version).since == since
        assert find("sign_model", version).since == min(since, 1)


def test_every_format_version_can_load_each_table_it_reads():
    for table in manifest():
        assert versions(table)
        if table.file.endswith(".npz"):
            assert set(load(table.name, table.since)) == set(table.arrays)


def test_the_document_of_the_format_says_which_version_reads_which_table():
    text = (FOLDER.parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]
    said = {name: row[2:] for row in rows if len(row) == 4 for name in row[0].split(", ")}
    for name in {table.name for table in manifest()}:
        read = []
        for version in range(NEWEST + 1):
            known = [table.since for table in manifest() if table.name == name and table.since <= version]
            read.append(str(max(known)) if known else "none")
        assert said[name] == read, name


def test_the_logistic_table_comes_out_of_its_maker_again():
    made, shipped = arrays(), load("logistic", 0)
    assert made.keys() == shipped.keys()
    for name, array in made.items():
        assert array.dtype == shipped[name].dtype and np.array_equal(array, shipped[name])


def test_all_tables_are_printed_with_whether_they_are_as_listed():
    printed = lines()
    assert len(printed) == len(manifest()) + 1
    assert all("  yes  " in line and "python -m training." in line for line in printed[1:])
    assert json.loads((FOLDER / "MANIFEST.json").read_text())[0]["name"] in printed[1]
