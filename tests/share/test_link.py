import base64
import random
import string

import pytest
from share_files import captioned, file_of

from textsketch import bitstream
from textsketch.errors import BitstreamError, LinkError
from textsketch.layers import Mode
from textsketch.share import link
from textsketch.share.digits import digits_of
from textsketch.share.link import MAX_FILE_BYTES, before_payload, default_address, is_link, link_of, tsk_in

ADDRESS = "https://somebody-textsketch.hf.space/"
WORDS = ("a red bicycle", "leans on", "a wall of bricks", "beside two cats", "in the late", "light")


FILES = [captioned(" ".join(WORDS[:n])) for n in range(len(WORDS))] + [
    file_of(n) for n in (140, 300, 1200, 2953, MAX_FILE_BYTES)
]


@pytest.mark.parametrize("tsk", FILES, ids=len)
def test_every_form_of_a_link_gives_the_file_back(tsk):
    bare = base64.urlsafe_b64encode(tsk).decode().rstrip("=")
    before, digits = before_payload(ADDRESS), digits_of(tsk)
    assert link_of(tsk, ADDRESS) == f"{ADDRESS}?tsk={bare}" and before == f"{ADDRESS}?tsk="
    for text in (
        link_of(tsk, ADDRESS),
        link_of(tsk, "http://127.0.0.1:7860"),
        link_of(tsk, ADDRESS + "#"),
        bare,
        "#" + bare,
        before + digits,
        digits,
        "#" + digits,
        f"  {bare}\n",
        f"{ADDRESS}?mode=text-only&tsk={bare}&x=1#top",
        f"{ADDRESS}?tsk={base64.urlsafe_b64encode(tsk).decode()}",
        f"{ADDRESS}?tsk={base64.urlsafe_b64encode(tsk).decode().replace('=', '%3D')}",
    ):
        assert tsk_in(text) == tsk


def test_a_link_needs_no_escapes():
    unreserved = set(string.ascii_letters + string.digits + "-_")
    assert set(link_of(file_of(2953), ADDRESS).partition("?tsk=")[2]) <= unreserved


def test_a_link_keeps_the_settings_of_its_address_but_not_the_picture_it_had():
    tsk, other = captioned(WORDS[3]), captioned(WORDS[0])
    made = link_of(tsk, link_of(other, "https://name.hf.space/page/?__theme=dark&mode=text-only#results"))
    assert made.startswith("https://name.hf.space/page/?__theme=dark&mode=text-only&tsk=")
    assert "#" not in made and made.count("tsk=") == 1 and tsk_in(made) == tsk


@pytest.mark.parametrize(
    "address",
    [
        "",
        "name",
        "ftp://name/",
        "javascript:alert(1)",
        "http://",
        "http://a b/",
        "http://ä/",
        "http://a:99999/",
        "http://a\n/",
        "http://[/",
        "http://" + "a" * 2000,
        None,
        b"http://a/",
    ],
)
def test_what_is_no_address_is_refused_in_one_short_sentence(address):
    with pytest.raises(LinkError, match="give one such as http") as caught:
        link_of(captioned(), address)
    assert len(str(caught.value)) < 250


def test_a_file_too_large_for_a_link_says_which_budget_is_not():
    with pytest.raises(
        LinkError, match="3,001 bytes .* at most 3,000; encode with a budget of 3000B or less"
    ):
        link_of(file_of(MAX_FILE_BYTES + 1), ADDRESS)


def test_what_is_no_tsk_file_gets_no_link():
    for wrong in (b"", b"hello", b"\x89PNG\r\n", captioned()[:-1]):
        with pytest.raises(BitstreamError):
            link_of(wrong, ADDRESS)


HOSTILE = [
    "",
    " ",
    "#",
    "?tsk=",
    "hello",
    "https://example.com/",
    "https://example.com/?tsk=",
    "https://example.com/?tsk=ä",
    "https://example.com/?tsk=%00%ff",
    "https://example.com/?TSK=AAAA",
    "A",
    "AAAAA",
    "7" * 171,
    "0" * 9_000,
    "9" * 9_999,
    "A" * 9_999,
    "A" * 10_001,
    "AA AA",
    "\0\0\0",
    "٣" * 29,
    "tsk=",
    "x" * 10_000_000,
    None,
    b"AAAA",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_other_text_is_one_short_sentence(text):
    with pytest.raises(LinkError) as caught:
        tsk_in(text)
    assert len(str(caught.value)) < 250 and len(str(caught.value).splitlines()) == 1


def test_a_changed_link_is_an_error_or_the_file_with_damage_behind_the_caption():
    tsk = captioned(WORDS[2])
    text = link_of(tsk, ADDRESS)
    rng = random.Random(0)
    refused = 0
    for _ in range(500):
        place = rng.randrange(len(text))
        changed = text[:place] + rng.choice(string.printable) + text[place + 1 :]
        try:
            found = tsk_in(changed)
        except LinkError:
            refused += 1
        else:
            bitstream.read_header(found)
    assert refused > 100
    for end in range(len(text) - len(tsk), len(text)):
        with pytest.raises(LinkError):
            tsk_in(text[:end])


def test_a_file_with_a_damaged_sketch_still_travels():
    damaged = file_of(200)
    assert (
        bitstream.salvage(tsk_in(link_of(damaged, ADDRESS))).layers.semantic.caption
        == "a red bicycle leans on a wall"
    )


def test_a_link_is_told_from_the_name_of_a_file():
    for text in (link_of(captioned(), ADDRESS), "#AAAA", "?tsk=AAAA", " https://x/", "http://x"):
        assert is_link(text)
    for text in ("a.tsk", "AAAA", "123", "folder/tsk=1.tsk", "C:\\x.tsk", ""):
        assert not is_link(text)


def test_links_lead_to_the_local_demo_or_where_the_setting_says(monkeypatch):
    monkeypatch.delenv(link.ADDRESS_VARIABLE, raising=False)
    assert default_address() == "http://127.0.0.1:7860/player/#"
    monkeypatch.setenv(link.ADDRESS_VARIABLE, ADDRESS)
    assert default_address() == ADDRESS


def test_no_file_of_this_format_begins_with_a_digit_in_base64url():
    """Else a payload of digits could be one of both kinds."""
    for version in range(6):
        for mode in range(len(Mode)):
            for flags in range(8):
                first = base64.urlsafe_b64encode(bytes([version << 5 | mode << 3 | flags, 0]))[:1]
                assert not first.isdigit()
    assert bitstream.VERSION < 6
