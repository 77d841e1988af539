"""Records that outlive the process that wrote them."""

import json

from textsketch.measure.evaluation.records import Records, code_digest, digest


def test_what_was_put_is_there_for_the_next_process_and_the_latest_counts(tmp_path):
    path = tmp_path / "deep" / "picture.jsonl"
    records = Records(path)
    assert records.get("a") is None
    records.put("a", {"psnr": 20.5, "label": "Größe"})
    records.put("b", {"psnr": None})
    records.put("a", {"psnr": 21})
    again = Records(path)
    assert again.get("a") == {"psnr": 21} and again.get("b") == {"psnr": None} and again.get("c") is None


def test_a_line_cut_short_or_foreign_costs_that_line_only(tmp_path):
    path = tmp_path / "picture.jsonl"
    records = Records(path)
    records.put("a", {"value": 1})
    records.put("b", {"value": 2})
    path.write_bytes(path.read_bytes()[:-9])
    records = Records(path)
    assert records.get("a") == {"value": 1} and records.get("b") is None
    records.put("c", {"value": 3})  # begins a line of its own
    with path.open("a") as file:
        file.write('7\n{"key": "d"}\n[]\n')
    records = Records(path)
    assert records.get("a") == {"value": 1} and records.get("c") == {"value": 3} and records.get("d") is None
    assert json.loads(path.read_text().splitlines()[0])["key"] == "a"


def test_equal_values_have_equal_names_and_others_do_not():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
    assert code_digest() == code_digest() and len(code_digest()) == 16
