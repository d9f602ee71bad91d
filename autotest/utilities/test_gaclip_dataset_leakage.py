"""gaclip-dataset leakage: what was planted is found, and nothing else."""

import json
import pathlib
import re
import shutil

import numpy
import pytest
from osgeo import gdal

import browser
import cli

gdal.UseExceptions()

LEAKAGE = "gaclip-dataset leakage"
SIDE = 150


def draw(seed):
    """Discs and rectangles in colours on textured ground: (3, SIDE, SIDE)."""
    random = numpy.random.default_rng(seed)
    rows, columns = numpy.mgrid[:SIDE, :SIDE]
    image = numpy.full((3, SIDE, SIDE), 100.0) + random.normal(0, 4, (3, SIDE, SIDE))
    for i in range(70):
        x, y = random.integers(0, SIDE, 2)
        reach = random.integers(2, 3 + 600 // (i + 20))
        if random.random() < 0.5:
            inside = (columns - x) ** 2 + (rows - y) ** 2 < reach**2
        else:
            inside = (abs(columns - x) < 2 * reach) & (abs(rows - y) < reach)
        image[:, inside] = random.integers(0, 256, (3, 1))
    return image.clip(0, 255).astype(numpy.uint8)


def save(path, pixels, driver="PNG", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = numpy.ascontiguousarray(pixels)
    memory = gdal.GetDriverByName("MEM").Create("", pixels.shape[2], pixels.shape[1], 3)
    memory.WriteArray(pixels)
    options = [f"{k}={v}" for k, v in options.items()]
    gdal.GetDriverByName(driver).CreateCopy(str(path), memory, options=options)
    pathlib.Path(f"{path}.aux.xml").unlink(missing_ok=True)


def write_set(folder, texts, split):
    """A Karpathy file over the images of a folder; texts maps a name to its sentences."""
    images = [{"filename": name, "split": split, "sentences": [{"raw": t} for t in said]}
              for name, said in texts.items()]
    path = folder / "dataset.json"
    path.write_text(json.dumps({"dataset": folder.name, "images": images}))
    return path


@pytest.fixture
def planted(tmp_path):
    """Ten training images; test images of which seven are copies and two are not."""
    train, test = tmp_path / "train", tmp_path / "test"
    drawn = [draw(i) for i in range(10)]
    for i, image in enumerate(drawn):
        save(train / "images" / f"{i}.png", image)
    test.joinpath("images").mkdir(parents=True)
    shutil.copy(train / "images" / "0.png", test / "images" / "file.png")
    save(test / "images" / "pixels.tif", drawn[1], "GTiff")
    save(test / "images" / "jpeg.jpg", drawn[2], "JPEG", QUALITY=50)
    save(test / "images" / "flipped.jpg", drawn[3][:, :, ::-1], "JPEG", QUALITY=85)
    save(test / "images" / "turned.jpg", numpy.rot90(drawn[4], -1, axes=(1, 2)), "JPEG", QUALITY=85)
    save(test / "images" / "cropped.jpg", drawn[5][:, 10:115, 30:135], "JPEG", QUALITY=85)
    save(test / "images" / "overlapping.png",
         numpy.concatenate([drawn[6][:, :, 40:], draw(77)[:, :, :40]], axis=2))
    save(test / "images" / "new.png", draw(50))
    save(test / "images" / "plain.png", numpy.full((3, SIDE, SIDE), 120, numpy.uint8))
    names = [p.name for p in sorted((test / "images").iterdir())]
    texts = {name: [f"picture number {i}"] for i, name in enumerate(names)}
    texts["new.png"] = ["some red discs lie beside a large grey rectangle",
                        "Some red discs lie beside a large grey square ."]
    said = {f"{i}.png": [f"drawing {i}"] for i in range(10)}
    said["7.png"] = ["some red discs lie beside a large grey rectangle"]
    return write_set(train, said, "train"), write_set(test, texts, "test")


def run(*arguments, exit_code=0):
    result = cli.run(LEAKAGE, *arguments)
    assert result.returncode == exit_code, result.stderr
    return result


def found(report):
    return {pathlib.Path(p["test"]).stem: p for p in report["images"]}


def test_gaclip_dataset_leakage_planted(planted):
    report = json.loads(run(*planted, "--json").stdout)
    pairs = found(report)
    assert {name: pathlib.Path(p["train"]).name for name, p in pairs.items()} == {
        "file": "0.png", "pixels": "1.png", "jpeg": "2.png", "flipped": "3.png",
        "turned": "4.png", "cropped": "5.png", "overlapping": "6.png"}
    assert len(report["images"]) == 7
    assert [n for n, p in pairs.items() if p["same_file"]] == ["file"]
    assert sorted(n for n, p in pairs.items() if p["same_pixels"]) == ["file", "pixels"]
    assert all(p["structural"] >= 0.75 for p in pairs.values())
    assert {n for n, p in pairs.items() if p["mirrored"]} == {"flipped"}
    assert {n: p["turned"] for n, p in pairs.items() if p["turned"]} == {"turned": 90}
    assert pairs["cropped"]["test_share"] > 0.9
    assert pairs["cropped"]["train_share"] == pytest.approx(0.49, abs=0.05)
    assert pairs["overlapping"]["test_share"] == pytest.approx(110 / 150, abs=0.05)
    assert report["counts"] == {"same_file": 1, "same_pixels": 2, "structural": 7, "same_text": 1,
                                "lexical": 0, "test_images": 7, "test_texts": 1}
    assert "7 test images concerned" in run(*planted).stdout
    assert len(report["nearest"]["structural"]) == report["test_images"] == 9


def test_gaclip_dataset_leakage_texts(planted):
    texts = json.loads(run(*planted, "--lexical", "0.7", "--json").stdout)["texts"]
    assert [(t["same_words"], round(t["lexical"], 6)) for t in texts] == [
        (True, 1), (False, round(7 / 9, 6))]  # of 8 bigrams of either, 7 are the same
    assert texts[1]["test"].endswith("square .") and texts[1]["train"].endswith("rectangle")


def test_gaclip_dataset_leakage_exit_status(planted):
    train, test = planted
    run(train, test, "--fail", "--list", 0, exit_code=1)
    clean = write_set(test.parent, {"new.png": ["nothing of the kind"]}, "test")
    result = run(train, clean, "--fail")
    assert "0 test images concerned" in result.stdout and "0 test texts concerned" in result.stdout


def test_gaclip_dataset_leakage_splits(planted):
    """Two splits of one dataset; threads change nothing."""
    train, _ = planted
    content = json.load(open(train))
    for image in content["images"][5:]:
        image["split"] = "val"
    content["images"].append({"filename": "0.png", "split": "val", "sentences": []})
    train.write_text(json.dumps(content))
    one, three = (
        run(train, "--test-split", "val", "--json", "--threads", threads).stdout for threads in (1, 3)
    )
    report = json.loads(one)
    assert one == three
    assert (report["train_images"], report["test_images"]) == (5, 6)
    assert [(p["same_file"], p["test_index"], p["train_index"]) for p in report["images"]] == [
        (True, 10, 0)]


def test_gaclip_dataset_leakage_model(planted, model):
    result = run(*planted, "-m", model, "--json", "--html", "out.html", "--image-cosine", 1)
    report = json.loads(result.stdout)
    assert report["counts"]["same_pixels"] == 2
    assert min(report["nearest"]["image_cosine"]) > -1 and max(report["nearest"]["image_cosine"]) \
        == pytest.approx(1, abs=1e-5)
    assert len(report["nearest"]["text_cosine"]) == report["test_texts"]
    page = open("out.html").read()
    assert "cosine" in page and page.count("stroke-dasharray=\"5 4\"") == 2


def test_gaclip_dataset_leakage_page(planted):
    run(*planted, "--html", "out.html", "--list", 3)
    page = open("out.html").read()
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    assert page.count("data:image/png;base64,") == 6
    assert page.index("same file (MD5)") < page.index("structure &ge; 0.75")
    assert re.search(r"<polyline", page)
    cli.assert_fails(LEAKAGE, *planted, "--html", "out.html", names=["out.html", "--overwrite"])


def test_gaclip_dataset_leakage_page_in_browser(planted, tmp_path):
    run(*planted, "--html", "out.html", "--list", 3)
    with browser.page(tmp_path / "out.html", tmp_path) as driver:
        shown = driver.execute_script(
            "return [...document.querySelectorAll('image')].filter("
            "image => image.getBoundingClientRect().width > 100).length")
        lines = driver.execute_script(
            "return [...document.querySelectorAll('polyline')].map(l => l.points.numberOfItems)")
        assert shown == 6
        assert lines == [201, 2, 201, 2]  # of texts and of images: density, threshold
        assert browser.complaints(driver) == [] and browser.requests(driver) == []


def test_gaclip_dataset_leakage_errors(planted):
    train, test = planted
    cli.assert_fails(LEAKAGE, train, names=["test images", "splits: train"])
    cli.assert_fails(LEAKAGE, train, "--test-split", "train", names=["two splits"])
    cli.assert_fails(LEAKAGE, train, test, "--html", "no/out.html", names=["no/out.html"])
    cli.assert_fails(LEAKAGE, train, test, "--structural", "2", names=["structural"], exit_code=2)
    (test.parent / "images" / "jpeg.jpg").write_bytes(b"no image")
    cli.assert_fails(LEAKAGE, train, test, names=["jpeg.jpg"])
