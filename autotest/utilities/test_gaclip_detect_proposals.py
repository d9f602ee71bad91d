"""Who finds boxes, who scores them, and in which way."""

import hashlib
import json
import pathlib

import pytest
from osgeo import ogr

import cli
import layers
import tiny_clip

DETECT = "gaclip-detect"


@pytest.fixture
def foreign(tmp_path):
    """A small CLIP as others publish it."""
    return tiny_clip.write_file(tmp_path / "clip" / "clip.safetensors")


@pytest.fixture
def asked(town, foreign, model):
    return [town.scene, "-c", "tank,field", "-m", foreign, "--proposals", model, "--min-score", 0]


def boxes_of(path):
    """The best score of each box, by its corners."""
    found = {}
    for feature in json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["features"]:
        p = feature["properties"]
        corners = tuple(p[k] for k in ("px_x1", "px_y1", "px_x2", "px_y2"))
        found[corners] = max(p["score"], found.get(corners, 0))
    return found


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def detect(*arguments):
    result = cli.run(DETECT, *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_gaclip_detect_proposals_of_another_model(asked, foreign, model, town):
    report = detect(*asked, "-o", "both.geojson", "--nms-iou", 1)
    assert report["model"] == str(foreign) and report["proposals"] == str(model)
    assert report["proposals_sha256"] == sha256(model) != report["model_sha256"]
    detect(town.scene, "-c", "tank,field", "-m", model, "--min-score", 0, "--nms-iou", 1,
           "-o", "own.geojson")
    both, own = boxes_of("both.geojson"), boxes_of("own.geojson")
    assert set(both) == set(own) and both != own


def test_gaclip_detect_proposals_of_the_shipped_model(town, foreign):
    report = detect(town.scene, "-c", "tank", "-m", foreign, "--min-score", 0, "-o", "a.geojson")
    shipped = pathlib.Path(report["proposals"])
    assert shipped.name == "default.safetensors" and shipped.exists()


def test_gaclip_detect_proposals_file_of_both(asked, model):
    """The file asks the same again, and the cache beside it is of both models."""
    detect(*asked, "-o", "x.gaclip")
    said = json.loads(pathlib.Path("x.gaclip").read_text(encoding="utf-8"))
    assert said["provenance"]["proposals_sha256"] == sha256(model)
    assert said["provenance"]["options"]["precision"] == "f32"
    dataset = ogr.Open("x.gaclip")
    assert len(layers.rows(dataset.GetLayer(0))) == said["provenance"]["counts"]["written"]
    assert layers.counts(dataset)["TILES_RUN"] == 0


def test_gaclip_detect_proposals_changed_since(asked, model, tmp_path):
    """Other proposals are another question."""
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(model.read_bytes())
    arguments = [copy if a is model else a for a in asked]
    detect(*arguments, "-o", "x.gaclip")
    other = cli.run("gaclip-model convert", model, copy, "--overwrite", "--dtype", "bf16")
    assert other.returncode == 0, other.stderr
    dataset = ogr.Open("x.gaclip")
    layers.rows(dataset.GetLayer(0))
    counts = layers.counts(dataset)
    assert counts["TILES_RUN"] == counts["TILES"] > 0


@pytest.mark.parametrize("option", [["--dense", "full"], ["--crops"]])
def test_gaclip_detect_proposals_scored_in_another_way(asked, option):
    detect(*asked, "-o", "plain.geojson", "--nms-iou", 1)
    detect(*asked, "-o", "other.geojson", "--nms-iou", 1, *option)
    plain, other = boxes_of("plain.geojson"), boxes_of("other.geojson")
    assert set(plain) == set(other) and plain != other


def test_gaclip_detect_no_proposals_anywhere(town, foreign):
    cli.assert_fails(DETECT, town.scene, "-c", "tank", "-m", foreign, "--proposals", foreign,
                     names=["clip.safetensors", "no proposal head", "gaclip-train"])


def test_gaclip_detect_dense_wrong_word(asked):
    cli.assert_fails(DETECT, *asked, "--dense", "some", names=["--dense", "value", "full"])


def test_gaclip_detect_precision_wrong_word(asked):
    cli.assert_fails(DETECT, *asked, "--precision", "f8", names=["--precision", "f8", "bf16"])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_gaclip_detect_proposals_in_less_precision(town, model, precision):
    """The file says so, and the driver asks in the same precision again."""
    arguments = [town.scene, "-c", "tank,field", "-m", model, "--min-score", 0]
    result = cli.run(DETECT, *arguments, "-o", "x.gaclip", "--precision", precision)
    if "this processor" in result.stderr or "oneDNN" in result.stderr:
        pytest.skip(result.stderr.strip())
    assert result.returncode == 0, result.stderr
    said = json.loads(pathlib.Path("x.gaclip").read_text(encoding="utf-8"))
    assert said["precision"] == said["provenance"]["options"]["precision"] == precision
    dataset = ogr.Open("x.gaclip")
    rows = layers.rows(dataset.GetLayer(0))
    assert layers.counts(dataset)["TILES_RUN"] == 0
    pathlib.Path("x.gaclip.boxes").unlink()
    dataset = ogr.Open("x.gaclip")
    assert layers.rows(dataset.GetLayer(0)) == rows
    assert layers.counts(dataset)["TILES_RUN"] > 0
