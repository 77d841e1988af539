"""weights.yaml as it is shipped, and fetching, finding and checking against a hub on this machine."""

import dataclasses
import hashlib
import re
import shutil
import threading
from collections import namedtuple
from pathlib import Path

import pytest
from fake_hub import BODY, COMMIT, listed

from textsketch.errors import WeightsError
from textsketch.models import cache as cached
from textsketch.models import weights, weights_list
from textsketch.render.diffusion import profiles

DIGITS = hashlib.sha256(BODY).hexdigest()


def test_every_shipped_entry_is_pinned_or_says_that_it_is_not():
    for entry in weights.entries().values():
        assert entry.files and entry.role and entry.licence and entry.used_by
        assert bool(entry.local) != bool(entry.torch_hub), entry.name
        if entry.commit_confirmed:
            assert re.fullmatch("[0-9a-f]{40}", entry.commit), entry.name
        else:
            assert entry.commit is None, entry.name
        for file in entry.files:
            digits = "[0-9a-f]{8,64}" if entry.torch_hub else "[0-9a-f]{64}"
            assert file.sha256 is None or re.fullmatch(digits, file.sha256), (entry.name, file.path)
            assert file.sha256 or not entry.torch_hub, (entry.name, file.path)
            assert not {"..", ""} & set(file.path.split("/")), (entry.name, file.path)


def test_pickles_are_listed_only_where_nothing_else_is_known():
    for entry in weights.entries().values():
        for file in entry.files:
            if file.path.endswith((".bin", ".pth", ".pt")):
                assert file.sha256, f"{entry.name}: a pickle must be pinned by its hash"


def test_fetch_takes_only_the_listed_files_and_resolve_then_finds_them(monkeypatch, hub):
    listed(monkeypatch)
    fractions = []
    folder = weights.fetch("model", lambda fraction, message: fractions.append(fraction))
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    assert not any("unlisted" in request for request in hub.requests)
    assert fractions[0] == 0 and fractions[-1] == 1 and fractions == sorted(fractions) and len(fractions) > 2
    assert weights.resolve("model") == folder
    assert weights.is_available("model")
    assert weights.verify("model") == weights.Check("model", folder, None)


def test_fetch_of_what_is_there_downloads_nothing(monkeypatch, hub):
    listed(monkeypatch)
    weights.fetch("model")
    hub.requests.clear()
    weights.fetch("model")
    assert hub.requests == []


def test_a_profile_s_or_feature_s_name_fetches_all_it_needs(monkeypatch, hub):
    entry = listed(monkeypatch)
    other = dataclasses.replace(entry, name="other", used_by=("pics", "clip"), local=("other",))
    third = dataclasses.replace(entry, name="third", used_by=("captions",), local=("third",))
    monkeypatch.setattr(weights, "entries", lambda: {one.name: one for one in (entry, other, third)})
    fractions = []
    folders = weights.fetch_group("pics", lambda fraction, message: fractions.append(fraction))
    assert list(folders) == ["model", "other"] and all(folder.is_dir() for folder in folders.values())
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert weights.group("clip") == ("other",) and weights.group("third") == ("third",)
    with pytest.raises(WeightsError, match="known are model, other, third, and .*: pics, clip, captions"):
        weights.fetch_group("nothing")


def test_the_shipped_list_knows_the_features_by_name():
    assert weights.group("clip") == ("clip-vit-b-32",) and weights.group("captions") == ("florence2",)
    for profile in map(profiles.get, profiles.NAMES):  # of which some are called like one of their entries
        assert set(weights.group(profile.name)) >= set(profile.weights)


def test_a_cache_that_cannot_be_written_is_hashed_once(monkeypatch, hub):
    listed(monkeypatch)
    weights.fetch("model")
    read = []
    real = cached.sha256_of
    monkeypatch.setattr(cached, "sha256_of", lambda path, *seen: read.append(path) or real(path, *seen))
    monkeypatch.setattr(cached, "_read_record", lambda wanted: {})  # none could ever be written

    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(cached, "_record", refuse)
    cached._hashes.clear()
    for _ in range(3):
        weights.resolve("model")
    assert len(read) == 2  # its two files


def test_absent_weights_name_the_command_that_fetches_them(monkeypatch, cache):
    listed(monkeypatch)
    with pytest.raises(WeightsError, match="textsketch weights fetch model"):
        weights.resolve("model")
    assert "fetch model" in weights.verify("model").unavailable


def test_what_is_lacking_is_one_sentence_libraries_first(monkeypatch, hub):
    listed(monkeypatch)
    assert weights.unavailable("The model", ["model"], ["json", "no_such_library"]) == (
        "The model needs no_such_library: pip install -r requirements.txt."
    )
    sentence = weights.unavailable("The model", ["model"], ["json"])
    assert sentence.startswith("The model needs model (")
    assert sentence.endswith("1 MB): textsketch weights fetch model.")
    path = (weights.fetch("model") / "model.safetensors").resolve()
    assert weights.unavailable("The model", ["model"], ["json"]) is None
    path.write_bytes(BODY[:1000])
    assert "1,000 bytes instead of 1,024,000" in weights.unavailable("The model", ["model"])


def test_a_profile_that_lacks_several_weights_names_one_command(monkeypatch, cache):
    entry = listed(monkeypatch, used_by=("pics", "fast"))
    other = dataclasses.replace(entry, name="other", used_by=("pics",))
    monkeypatch.setattr(weights, "entries", lambda: {one.name: one for one in (entry, other)})
    names = ["model", "other"]
    assert weights.unavailable("pics", names).endswith(": textsketch weights fetch pics.")
    assert weights.unavailable("fast", names).endswith("fetch model && textsketch weights fetch other.")


def test_unknown_names_are_refused():
    with pytest.raises(WeightsError, match="no weights called 'nothing'"):
        weights.resolve("nothing")


def test_a_hash_the_hub_announces_wrong_stops_the_download_before_it_starts(monkeypatch, hub):
    listed(monkeypatch, files=(weights_list.WeightFile("model.safetensors", sha256="0" * 64),))
    with pytest.raises(WeightsError, match="than the pinned one"):
        weights.fetch("model")
    assert hub.times_sent("model.safetensors") == 0


def test_a_file_with_another_hash_is_refused_after_the_download(monkeypatch, hub):
    hub.announces_hashes = False
    listed(monkeypatch, files=(weights_list.WeightFile("model.safetensors", sha256="0" * 64),))
    with pytest.raises(WeightsError, match="sha256 differs"):
        weights.fetch("model")
    assert not weights.is_available("model")


def test_a_truncated_file_is_noticed(monkeypatch, hub):
    listed(monkeypatch)
    path = (weights.fetch("model") / "model.safetensors").resolve()
    path.write_bytes(BODY[:1000])
    with pytest.raises(WeightsError, match="1,000 bytes instead of 1,024,000"):
        weights.resolve("model")


def test_a_file_without_a_pinned_hash_is_recorded_once_and_checked_ever_after(monkeypatch, hub):
    listed(monkeypatch, files=(weights_list.WeightFile("model.safetensors"),))
    path = (weights.fetch("model") / "model.safetensors").resolve()
    path.write_bytes(BODY[::-1])
    with pytest.raises(WeightsError, match="sha256 differs"):
        weights.resolve("model")


def test_an_unconfirmed_commit_is_settled_by_the_first_download(monkeypatch, hub):
    listed(monkeypatch, commit=None, commit_confirmed=False)
    assert not weights.is_available("model")
    folder = weights.fetch("model")
    assert folder.name == COMMIT
    assert weights.resolve("model") == folder


def test_the_second_name_is_used_where_the_first_is_not_there(monkeypatch, hub):
    hub.files["old.bin"] = b"pickle"
    listed(monkeypatch, files=(weights_list.WeightFile("new.safetensors", "old.bin"),))
    assert [path.name for path in weights.fetch("model").iterdir()] == ["old.bin"]
    assert weights.is_available("model")


def test_a_subfolder_of_the_repository_is_the_folder(monkeypatch, hub):
    hub.files["deep/net.pth"] = b"net"
    listed(monkeypatch, subfolder="deep", files=(weights_list.WeightFile("net.pth"),))
    assert (weights.fetch("model") / "net.pth").read_bytes() == b"net"


def test_a_broken_download_goes_on_where_it_stopped(monkeypatch, hub):
    listed(monkeypatch)

    class StopError(Exception):
        pass

    def stop(fraction, message):
        if fraction > 0.4:
            raise StopError

    hub.hold, hub.holds_after = threading.Event(), 700_000
    with pytest.raises(StopError):
        weights.fetch("model", stop)
    hub.hold.set()
    assert not weights.is_available("model")
    weights.fetch("model")
    assert hub.ranges == ["bytes=524288-"]
    assert weights.verify("model").unavailable is None


def test_offline_is_one_sentence(monkeypatch, cache):
    listed(monkeypatch)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="offline or the hub does not answer"):
        weights.fetch("model")


def test_offline_by_choice_is_the_same_sentence(monkeypatch, cache):
    listed(monkeypatch)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="offline or the hub does not answer"):
        weights.fetch("model")


def test_a_gated_repository_says_what_to_do(monkeypatch, hub):
    hub.gated = True
    listed(monkeypatch)
    with pytest.raises(WeightsError, match="gated: accept its terms"):
        weights.fetch("model")


def test_a_refusal_is_one_sentence(monkeypatch, hub):
    hub.broken = True
    listed(monkeypatch)
    with pytest.raises(WeightsError, match="refused some/model"):
        weights.fetch("model")


def test_a_file_the_repository_lacks_is_named(monkeypatch, hub):
    listed(monkeypatch, files=(weights_list.WeightFile("gone.safetensors"),))
    with pytest.raises(WeightsError, match=r"does not have the file gone\.safetensors"):
        weights.fetch("model")


def test_a_full_disk_is_noticed_before_the_download(monkeypatch, hub):
    listed(monkeypatch)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 10**6))
    with pytest.raises(WeightsError, match="only 1 MB are free"):
        weights.fetch("model")
    assert hub.times_sent("model.safetensors") == 0


def test_what_an_earlier_download_left_needs_no_room_again(monkeypatch, hub):
    entry = listed(monkeypatch)
    usage = namedtuple("usage", "total used free")
    free = cached._SPARE_BYTES + len(BODY) - 400_000
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, free))
    with pytest.raises(WeightsError, match="model needs 1 MB"):
        weights.fetch("model")
    growing = cached.partial_place(entry, "model.safetensors", COMMIT)
    growing.parent.mkdir(parents=True, exist_ok=True)
    growing.write_bytes(BODY[:500_000])
    assert weights.fetch("model").is_dir() and hub.ranges == ["bytes=500000-"]


def test_a_local_folder_stands_in_when_it_is_complete(monkeypatch, cache, tmp_path):
    listed(monkeypatch)
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    assert not weights.is_available("model")
    (folder / "model.safetensors").write_bytes(b"mine")
    assert weights.resolve("model") == folder
    assert weights.fetch("model") == folder


@pytest.fixture
def elsewhere(monkeypatch, hub, tmp_path):
    """An entry whose file lies at an address outside the hub and is looked for in torch.hub's cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    file = weights_list.WeightFile("model.safetensors", None, None, 2 * len(BODY), DIGITS[:8])
    address = f"{hub.url}/some/resolve/files"
    listed(
        monkeypatch,
        repository=address,
        torch_hub="checkpoints",
        commit=None,
        commit_confirmed=False,
        local=(),
        files=(file,),
    )
    return tmp_path / "torch/hub/checkpoints/model.safetensors"


def test_a_file_of_another_librarys_cache_is_fetched_to_there(elsewhere, hub):
    assert (
        weights.unavailable("LPIPS", ["model"]) == "LPIPS needs model (2 MB): textsketch weights fetch model."
    )
    assert weights.fetch("model") == elsewhere.parent
    assert elsewhere.read_bytes() == BODY
    assert set(hub.tokens) == {None}
    assert weights.unavailable("LPIPS", ["model"]) is None
    elsewhere.write_bytes(BODY[::-1])
    assert "sha256 differs" in weights.verify("model").unavailable


def test_another_file_at_an_address_outside_the_hub_is_refused(elsewhere, hub):
    hub.bodies["model.safetensors"] = BODY[::-1]
    with pytest.raises(WeightsError, match="sha256 differs"):
        weights.fetch("model")
    hub.headers["model.safetensors"] = {"Content-Length": str(2 * len(BODY) + 1)}
    with pytest.raises(WeightsError, match="not at most"):
        weights.fetch("model")
    assert not elsewhere.exists()


def test_preload_lines_name_repository_files_and_commit():
    (line,) = weights.preload_lines(["taesd"])
    assert line == (
        "madebyollin/taesd config.json,diffusion_pytorch_model.safetensors "
        "614f76814bbe30edbe2e627ace1c2234c81a2c0e"
    )


def test_the_real_files_of_the_shared_folder_have_the_pinned_hashes():
    shared = Path(__file__).parents[3] / "shared/weights"
    if not shared.exists():
        pytest.skip("needs ../shared/weights")
    for name in ("pidinet", "teed"):
        for file in weights.entry(name).files:
            path = shared / name / file.path
            assert path.stat().st_size == file.size_bytes
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
