"""gaclip-eval on data sets: retrieval, classify, regions, detect; tables, JSON and pages."""

import base64
import json
import pathlib
import re
import shutil

import pytest
from osgeo import gdal

import browser
import cli
import tiny_datasets


@pytest.fixture
def captions():
    return tiny_datasets.karpathy("captions")


@pytest.fixture
def boxes():
    return tiny_datasets.coco("boxes")


def evaluate(verb, *arguments):
    result = cli.run(f"gaclip-eval {verb}", *arguments, "--resamples", 50, "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


def tell(verb, *arguments):
    result = cli.run(f"gaclip-eval {verb}", *arguments, "--resamples", 50)
    assert result.returncode == 0, result.stderr
    return result.stdout


def assert_interval(figure, top=100):
    assert 0 <= figure["low"] <= figure["high"] <= top
    assert 0 <= figure["value"] <= top


def test_gaclip_eval_retrieval(captions, model):
    report = evaluate("retrieval", captions, "-m", model)
    (row,) = report["models"]
    assert report["protocol"] == "retrieval" and report["split"] == "test"
    assert (row["images"], row["captions"]) == (8, 16)
    figures = [row[way][k] for way in ("image_to_text", "text_to_image") for k in ("1", "5", "10")]
    for figure in figures:
        assert_interval(figure)
    mean = sum(figure["value"] for figure in figures) / 6
    assert row["mean_recall"]["value"] == pytest.approx(mean)
    assert row["text_to_image"]["10"]["value"] == 100  # among eight images
    assert row["image_to_text"]["1"]["value"] * 8 / 100 == pytest.approx(
        round(row["image_to_text"]["1"]["value"] * 8 / 100)
    )
    assert len(row["model_sha256"]) == 64


def test_gaclip_eval_retrieval_deterministic(captions, model):
    first, second = (evaluate("retrieval", captions, "-m", model, "--seed", 4) for _ in range(2))
    other = evaluate("retrieval", captions, "-m", model, "--seed", 5)
    for report in (first, second, other):
        report["models"][0].pop("seconds")
    assert first == second
    assert first["models"][0]["mean_recall"]["value"] == other["models"][0]["mean_recall"]["value"]


def test_gaclip_eval_several_models(captions, model):
    shutil.copy(model, "again.safetensors")
    text = tell(
        "retrieval", captions, "-if", "karpathy", "-m", model, "-m", "again.safetensors"
    )
    rows = [line for line in text.splitlines() if re.search(r"\] *$", line)]
    assert len(rows) == 2
    assert rows[0].split()[1:] == rows[1].split()[1:]  # one table, the same figures
    assert "8 images with 16 captions, split test of captions/dataset.json" in text
    assert text.count("SHA-256") == 2


def test_gaclip_eval_split(captions, model):
    assert "1 image with 2 captions, split train" in tell(
        "retrieval", captions, "-m", model, "--split", "train"
    )
    cli.assert_fails(
        "gaclip-eval retrieval", captions, "-m", model, "--split", "nope",
        names=["captions/dataset.json", "nope", "test", "train"],
    )


def test_gaclip_eval_limit(captions, model):
    text = tell("retrieval", captions, "-m", model, "--limit", 3)
    assert "3 images with 6 captions" in text and "3 of its 8 images, spread evenly" in text


def test_gaclip_eval_classify(captions, model):
    report = evaluate("classify", captions, "-m", model)
    (row,) = report["models"]
    assert row["count"] == 8 and row["left_out"] == 0
    assert [c["class"] for c in row["classes"]] == sorted(tiny_datasets.KINDS)
    assert sum(c["count"] for c in row["classes"]) == 8
    right = sum(c["right"] for c in row["classes"])
    assert row["acc1"]["value"] == pytest.approx(100 * right / 8)
    assert row["acc5"]["value"] == 100  # of three classes
    assert row["guessing1"] == pytest.approx(100 / 3)
    assert len(row["prompts"]) > 1


def test_gaclip_eval_prompts(captions, model):
    with open("prompts.txt", "w") as file:
        file.write("a photo of a {}, seen from above\n\na {} below\n")
    report = evaluate(
        "classify", captions, "-m", model, "--prompt", "the {}", "--prompts-file", "prompts.txt"
    )
    assert report["models"][0]["prompts"] == [
        "the {}", "a photo of a {}, seen from above", "a {} below",
    ]
    cli.assert_fails(
        "gaclip-eval classify", captions, "-m", model, "--prompt", "a photo", names=["a photo", "{}"]
    )


def test_gaclip_eval_classes(captions, model):
    report = evaluate("classify", captions, "-m", model, "--classes", "Tank,ship")
    (row,) = report["models"]
    assert row["count"] == 3 and row["left_out"] == 5
    cli.assert_fails(
        "gaclip-eval classify", captions, "-m", model, "--classes", "ship",
        names=["captions/dataset.json", "tank"],
    )


def test_gaclip_eval_regions(boxes, model):
    report = evaluate("regions", boxes, "-m", model, "--region", "roi,crop,both")
    assert [row["region"] for row in report["models"]] == ["roi", "crop", "both"]
    for row in report["models"]:
        assert row["count"] == 9
        assert_interval(row["acc1"])
    assert "v_r by RoIAlign 7 x 7 on the dense map of the whole image" in report["description"]
    window = evaluate("regions", boxes, "-m", model, "--view", "window")
    assert "of a window of the model's side" in window["description"]
    cli.assert_fails(
        "gaclip-eval regions", boxes, "-m", model, "--region", "roi,nose", names=["nose", "both"]
    )
    cli.assert_fails("gaclip-eval regions", boxes, "-m", model, "--view", "side", names=["side"])


def test_gaclip_eval_detect(boxes, model):
    report = evaluate("detect", boxes, "-m", model, "--novel", "Pool", "--min-score", 0.1)
    (row,) = report["models"]
    assert row["images"] == 9 and row["left_out"] == 0
    assert {c["class"]: c["novel"] for c in row["classes"]} == {
        "field": False, "pool": True, "tank": False,
    }
    assert [c["references"] for c in row["classes"]] == [3, 3, 3]
    for c in row["classes"]:
        assert_interval(c["ap_voc11"], 1)
        assert c["true_positives"] + c["false_negatives"] == 3
    values = {c["class"]: c["ap_voc11"]["value"] for c in row["classes"]}
    assert row["mean"]["ap_voc11"]["value"] == pytest.approx(sum(values.values()) / 3)
    assert row["mean_novel"]["ap_voc11"]["value"] == values["pool"]
    assert row["mean_base"]["classes"] == 2


def test_gaclip_eval_difficult(model):
    """Difficult objects are no references."""
    data = tiny_datasets.voc("voc", difficult=(0, 4))
    report = evaluate("detect", data, "-m", model)
    counts = {c["class"]: c["references"] for c in report["models"][0]["classes"]}
    assert counts == {"field": 2, "pool": 1, "tank": 1}


def test_gaclip_eval_class_folders(model):
    data = tiny_datasets.folders("eurosat")
    report = evaluate("classify", data, "-m", model)
    assert report["models"][0]["count"] == 6
    assert "split" not in report
    assert [c["count"] for c in report["models"][0]["classes"]] == [2, 2, 2]


def test_gaclip_eval_fine_grained(model):
    data = tiny_datasets.gaclip("fine")
    report = evaluate("fine-grained", data, "-m", model, "--region", "roi,crop")
    for row in report["models"]:
        assert row["count"] == 6 and row["left_out"] == 0
        assert row["guessing1"] == pytest.approx(100 / 3)
        assert row["acc5"]["value"] == 100
        assert "classes" not in row and "prompts" not in row
    page = write_page("fine-grained", data, "-m", model)
    assert len(pictures(page)) == page.count("<rect") == 6
    assert page.count("on dark ground") == 18  # the right one and two wrong ones a region


def test_gaclip_eval_class_split(model):
    data = tiny_datasets.coco("dior", names=["airplane", "basketballcourt", "windmill"])
    text = tell("detect", data, "-m", model, "--class-split", "dior")
    assert "Base: airplane, baseball field, bridge, chimney," in text
    assert "Novel: airport, basketball court, ground track field, windmill." in text
    assert "DIOR as VisDroneZSD 2023 and CastDet divide it" in text
    means = {line.split()[1]: line.split()[2] for line in text.splitlines() if " mAP" in line}
    assert means == {"mAP": "3", "mAP_b": "1", "mAP_n": "2"}
    cli.assert_fails(
        "gaclip-eval detect", data, "-m", model, "--class-split", "coco", names=["coco", "dior"]
    )
    cli.assert_fails(
        "gaclip-eval detect", data, "-m", model, "--class-split", "dior", "--novel", "ship",
        names=["--novel"],
    )


def test_gaclip_eval_forms(boxes, model):
    cli.assert_fails(
        "gaclip-eval detect", boxes, "-m", model, "--class-field", "kind", names=["boxes/val.json"]
    )
    cli.assert_fails(
        "gaclip-eval detect", boxes, boxes, "-m", model, names=["boxes/val.json", "two layers"]
    )


def test_gaclip_eval_wrong_data(captions, boxes, model):
    cli.assert_fails(
        "gaclip-eval retrieval", boxes, "-m", model, names=["boxes/val.json", "caption"]
    )
    cli.assert_fails("gaclip-eval classify", boxes, "-m", model, names=["boxes/val.json", "class"])
    cli.assert_fails(
        "gaclip-eval detect", captions, "-m", model, names=["captions/dataset.json", "boxes"]
    )
    cli.assert_fails(
        "gaclip-eval fine-grained", boxes, "-m", model,
        names=["boxes/val.json", "hard negatives"],
    )
    cli.assert_fails(
        "gaclip-eval retrieval", captions, "-m", model, "--input-format", "tfrecord",
        names=["tfrecord", "karpathy"],
    )
    cli.assert_fails("gaclip-eval retrieval", "nothing.json", "-m", model, names=["nothing.json"])


def test_gaclip_eval_damaged_image(captions, model):
    """The picture is named, and nothing of GDAL's own gets in between."""
    picture = captions.parent / "images" / "3.png"
    picture.write_bytes(picture.read_bytes()[:200])
    line = cli.assert_fails("gaclip-eval retrieval", captions, "-m", model, names=["3.png"])
    assert "images/3.png: " in line


def test_gaclip_eval_missing_model(captions):
    cli.assert_fails(
        "gaclip-eval retrieval", captions, "-m", "none.safetensors", names=["none.safetensors"]
    )


# The page


def write_page(verb, *arguments):
    result = cli.run(f"gaclip-eval {verb}", *arguments, "--resamples", 0, "--html", "page.html")
    assert result.returncode == 0, result.stderr
    with open("page.html", encoding="utf-8") as file:
        return file.read()


def pictures(page):
    """Width and height of every embedded picture, decoded."""
    sizes = []
    for text in re.findall(r'href="data:image/png;base64,([^"]*)"', page):
        gdal.FileFromMemBuffer("/vsimem/picture.png", base64.b64decode(text, validate=True))
        picture = gdal.Open("/vsimem/picture.png")
        assert picture.RasterCount == 3
        assert picture.ReadAsArray().max() > 0
        sizes.append((picture.RasterXSize, picture.RasterYSize))
        gdal.Unlink("/vsimem/picture.png")
    return sizes


def test_gaclip_eval_page_retrieval(captions, model):
    page = write_page("retrieval", captions, "-m", model, "--examples", 2)
    assert "<h1>gaclip-eval retrieval</h1>" in page
    successes, failures = map(int, re.findall(r"<h3>\w+: (\d+) of 8</h3>", page))
    assert successes + failures == 8
    assert pictures(page) == [(48, 48)] * (min(successes, 2) + min(failures, 2))
    assert "http" not in page and "<script" not in page


def test_gaclip_eval_page_classify(captions, model):
    page = write_page("classify", captions, "-m", model)
    matrix = page[page.index("Confusion matrix") : page.index("<h3>Successes")]
    cells = [int(n) for n in re.findall(r"<td[^>]*>(\d+)</td>", matrix)]
    assert sum(cells) == 8
    assert matrix.count('class="truth"') == 3
    assert len(pictures(page)) == 8


def test_gaclip_eval_page_detect(boxes, model):
    page = write_page("detect", boxes, "-m", model, "--min-score", 0)
    assert page.count("<polyline") == 3  # a curve for every class with references
    assert len(pictures(page)) == 8
    assert page.count("<rect") > 0
    assert "9 of 9</h3>" in page


def test_gaclip_eval_page_regions(model):
    """A large picture is shown around the box."""
    data = tiny_datasets.coco("large", count=2, width=700, height=400)
    page = write_page("regions", data, "-m", model)
    assert all(width < 100 and height < 100 for width, height in pictures(page))
    assert len(pictures(page)) == 2
    assert page.count("<rect") == 2


def test_gaclip_eval_page_escapes(model):
    data = tiny_datasets.coco("odd", names=["tank <b>&\"1\"", "pool", "field"])
    page = write_page("regions", data, "-m", model)
    assert "<b>&" not in page
    assert "tank &lt;b&gt;&amp;&quot;1&quot;" in page


def test_gaclip_eval_page_kept(captions, model):
    with open("page.html", "w") as file:
        file.write("mine")
    cli.assert_fails(
        "gaclip-eval retrieval", captions, "-m", model, "--html", "page.html",
        names=["page.html", "--overwrite"],
    )
    page = write_page("retrieval", captions, "-m", model, "--overwrite")
    assert page.startswith("<!DOCTYPE html>")
    cli.assert_fails(
        "gaclip-eval retrieval", captions, "-m", model, "--html", "nowhere/page.html",
        names=["nowhere"],
    )


# Good: pictures that can be decoded; shown: those that take room; drawn: curves with points.
PROBE = """
const done = arguments[arguments.length - 1], images = [...document.querySelectorAll("image")];
const decode = image => Object.assign(new Image(), {src: image.href.baseVal}).decode();
Promise.allSettled(images.map(decode)).then(results => done([
  results.filter(result => result.status === "fulfilled").length,
  images.filter(image => image.getBoundingClientRect().width > 100).length,
  [...document.querySelectorAll("polyline")].filter(
    line => line.points.numberOfItems > 0).length]));
"""


@pytest.mark.parametrize("verb", ["retrieval", "classify", "regions", "detect"])
def test_gaclip_eval_page_in_browser(verb, captions, boxes, model, tmp_path):
    data = captions if verb in ("retrieval", "classify") else boxes
    options = ["--min-score", 0] if verb == "detect" else []
    page = write_page(verb, data, "-m", model, *options)
    count = len(pictures(page))
    assert count > 0
    with browser.page(pathlib.Path("page.html"), tmp_path) as driver:
        good, shown, drawn = driver.execute_async_script(PROBE)
        assert browser.complaints(driver) == [] and browser.requests(driver) == []
    assert (good, shown, drawn) == (count, count, 3 if verb == "detect" else 0)
