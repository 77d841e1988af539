"""Where the settings of an API come from, and what they may not hold."""

import pytest

from textsketch.errors import ServiceError
from textsketch.service import settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    for variable in (*settings.VARIABLES.values(), settings.FILE_VARIABLE, settings.KEY_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def file(tmp_path):
    (tmp_path / "textsketch").mkdir()
    return tmp_path / "textsketch" / "api.yaml"


def test_options_go_before_the_environment_and_that_before_the_file(file, monkeypatch):
    file.write_text("api_base: https://file/v1\ncaption_model: of file\nimage_model: of file\nwait_s: 7\n")
    monkeypatch.setenv("TEXTSKETCH_CAPTION_MODEL", "of environment")
    monkeypatch.setenv("TEXTSKETCH_IMAGE_MODEL", "of environment")
    found = settings.service(image_model="of options", caption_model=None)
    assert (found.base, found.host, found.wait_s) == ("https://file/v1", "file", 7.0)
    assert (found.caption_model, found.image_model) == ("of environment", "of options")


def test_a_file_elsewhere_is_named_by_its_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTSKETCH_API_FILE", str(tmp_path / "mine.yaml"))
    with pytest.raises(ServiceError, match=r"cannot read .*mine.yaml, which TEXTSKETCH_API_FILE names"):
        settings.service()
    (tmp_path / "mine.yaml").write_text(
        "api_base: http://localhost:8080/v1/\nimage_size: 512x384\nimage_price: 0.04\npage_calls: 50\n"
    )
    found = settings.service()
    assert (found.base, found.image_size, found.image_price) == ("http://localhost:8080/v1", (512, 384), 0.04)
    assert found.page_calls == 50


def test_without_an_address_the_sentence_says_what_to_set(file):
    file.write_text("")
    assert "set TEXTSKETCH_API_BASE to its address" in settings.lacking(
        "Captions over an API", "caption_model"
    )
    file.write_text("api_base: http://localhost/v1\n")
    assert "set TEXTSKETCH_CAPTION_MODEL" in settings.lacking("Captions over an API", "caption_model")
    file.write_text("api_base: http://localhost/v1\ncaption_model: eye\n")
    assert settings.lacking("Captions over an API", "caption_model") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("api_key: sk-secret-0123456789", "set TEXTSKETCH_API_KEY instead"),
        ("model: eye", "may not hold 'model', only api_base"),
        ("just words", "is no YAML of settings"),
        ("a: [", "is no YAML of settings"),
        ("[" * 5000, "is no YAML of settings"),
        ("x: " + "y" * 70_000, "is no YAML of settings"),
        ("api_base: ftp://host/v1", "the API's address is none; set TEXTSKETCH_API_BASE"),
        ("api_base: https://host:99999/", "the API's address is none"),
        ("api_base: 5", "the API's address is none"),
        ("api_base: https://me:sk-secret-0123456789@host/v1", "may hold no name, password or key"),
        ("api_base: https://host/v1?key=sk-secret-0123456789", "may hold no name, password or key"),
        ("api_base: http://host\nimage_size: big", "TEXTSKETCH_IMAGE_SIZE must be a size such as 1024x1024"),
        ("api_base: http://host\nwait_s: 0", "TEXTSKETCH_API_WAIT must be a number up to 3600, seconds"),
        ("api_base: http://host\nwait_s: .nan", "TEXTSKETCH_API_WAIT must be a number"),
        ("api_base: http://host\ncaption_price: -1", "TEXTSKETCH_CAPTION_PRICE must be a number"),
        ("api_base: http://host\npage_calls: 1.5", "TEXTSKETCH_PAGE_CALLS must be a whole number up to"),
        ("api_base: http://host\npage_calls: many", "TEXTSKETCH_PAGE_CALLS must be a whole number up to"),
        ("api_base: http://host\ncaption_model: [1]", "TEXTSKETCH_CAPTION_MODEL must be the name of a model"),
    ],
)
def test_a_wrong_setting_is_one_sentence_without_what_is_secret(file, text, sentence):
    file.write_text(text)
    with pytest.raises(ServiceError) as caught:
        settings.service()
    assert sentence in str(caught.value) and "sk-secret" not in str(caught.value)


def test_the_key_is_no_part_of_the_settings(monkeypatch):
    monkeypatch.setenv("TEXTSKETCH_API_KEY", " sk-secret-0123456789\n")
    assert settings.key() == "sk-secret-0123456789"
    assert "sk-secret" not in repr(settings.service(api_base="http://host/v1"))
