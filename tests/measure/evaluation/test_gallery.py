"""gallery.html stands alone, is safe with any name or caption, and sorts in a real browser."""

import json
import os
import re
import shutil

import pytest
from PIL import Image

from textsketch.cli import main
from textsketch.measure.evaluation.gallery import chosen
from textsketch.measure.evaluation.worklist import Item

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = '</script><script>document.title="taken"</script>'


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    for name, colour in (("b-sky", "skyblue"), ("a-moss", "darkolivegreen"), ("c-clay", "peru")):
        picture = Image.linear_gradient("L").resize((90, 60)).convert("RGB")
        Image.blend(picture, Image.new("RGB", (90, 60), colour), 0.7).save(folder / f"{name}.png")
    Image.effect_noise((90, 60), 80).convert("RGB").save(folder / "d-noise.png")
    (folder / "captions.json").write_text(json.dumps({"a-moss": HOSTILE}))
    out = folder / "out"
    arguments = ["--out", str(out), "--captions", str(folder / "captions.json"), "--budgets", "60B,400B"]
    arguments += ["--modes", "three-layer", "--baselines", "jpeg", "--metrics", "psnr", "--workers", "1"]
    pictures = sorted(map(str, folder.glob("*.png")))
    assert main(["evaluate", *pictures, *arguments]) == 0
    return out / "gallery.html"


def test_it_loads_nothing_from_elsewhere(gallery):
    text = gallery.read_text()
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:)""", text)
    assert "url(" not in text and "import " not in text and "fetch(" not in text
    assert "{{" not in text


def test_a_hostile_caption_stays_text(gallery):
    text = gallery.read_text()
    assert HOSTILE not in text
    entries = re.findall(r'<script class="picture" type="application/json">(.*?)</script>', text, re.DOTALL)
    moss = next(entry for entry in map(json.loads, entries) if entry["name"] == "a-moss")
    assert moss["caption"] == HOSTILE


def test_many_pictures_are_thinned_evenly():
    items = [Item(None, str(number), "") for number in range(100)]
    assert [item.name for item in chosen(items, 4)] == ["0", "25", "50", "75"]
    assert chosen(items[:3], 4) == items[:3]


@pytest.mark.skipif(BROWSER is None and not os.environ.get("CI"), reason="no chromium on the PATH")
def test_it_opens_from_disk_and_sorts_by_a_metric(gallery):
    sync_api = pytest.importorskip("playwright.sync_api")
    problems = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else problems.append(r.url))
        page.goto(gallery.as_uri())

        def names():
            return [text.split(",")[0] for text in page.locator("h2").all_inner_texts()]

        def psnrs():
            texts = page.locator("figure.ours figcaption").all_inner_texts()
            brushed = [text for text in texts if ", plain" not in text]
            return [float(re.search(r"PSNR ([\d.]+)", text)[1]) for text in brushed]

        assert page.title() == "textsketch: evaluation gallery"
        assert names() == ["a-moss", "b-sky", "c-clay", "d-noise"]
        page.select_option("#budget", "400B")
        page.select_option("#sort", label="PSNR dB ↑ of textsketch three-layer")
        assert psnrs() == sorted(psnrs())
        page.click("#order")
        assert psnrs() == sorted(psnrs(), reverse=True) and names()[-1] == "d-noise"
        page.select_option("#budget", "60B")
        assert "no JPEG is this small" in page.inner_text("main")
        assert page.evaluate("[...document.images].every(i => !i.complete || i.naturalWidth === 90)")
        browser.close()
    assert problems == []
