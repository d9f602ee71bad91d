"""gaclip-model calibrate: what it prints, writes and refuses."""

import json
import math

import numpy
import pytest
from osgeo import gdal, ogr

import cli
import scenes

CALIBRATE = "gaclip-model calibrate"
FAINT = [(10, 90), (160, 20), (20, 160), (110, 80), (100, 165)]  # column, row of the corner


def faint_scene(path):
    scenes.write_raster(path)
    raster = gdal.Open(str(path), gdal.GA_Update)
    for column, row in FAINT:
        square = numpy.full((3, scenes.TANK_SIDE, scenes.TANK_SIDE), 100, numpy.uint8)
        raster.WriteArray(square, column, row)
    raster = None  # closes it


@pytest.fixture(scope="module")
def trained(town, tmp_path_factory):
    """A model that has learned the tanks of one scene, and a data set of another, in which some
    fainter squares are no tanks."""
    folder = tmp_path_factory.mktemp("calibrate")
    model, scene, dataset = (folder / name for name in ("a.safetensors", "b.tif", "b.json"))
    result = cli.run(
        "gaclip-train",
        *("--scene", town.scene, "--annotations", town.annotations, "--class-field", "kind"),
        *("--steps", 150, "--batch", 4, "--image-size", 64, "--width", 48, "--depth", 2),
        *("--seed", 1, "--quiet", "-o", model),
    )
    assert result.returncode == 0, result.stderr
    faint_scene(scene)
    result = cli.run(
        "gaclip-dataset build",
        *("--scene", scene, "--annotations", town.annotations, "--class-field", "kind"),
        *("--window", 192, "--split", "val", "-o", dataset),
    )
    assert result.returncode == 0, result.stderr
    return model, dataset


def calibrate(*arguments):
    result = cli.run(CALIBRATE, *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def scores(scene, model):
    result = cli.run(
        "gaclip-detect", scene, "-c", "tank", "--model", model, "--min-score", 0.001,
        *("-o", "found.gpkg", "--overwrite", "--quiet"),
    )
    assert result.returncode == 0, result.stderr
    dataset = ogr.Open("found.gpkg")
    return sorted(feature["score"] for feature in dataset.GetLayer(0))


def test_gaclip_model_calibrate(trained, town):
    model, dataset = trained
    report = calibrate(model, dataset, "-o", "out.safetensors", "--plot", "out.svg")
    everything = report["classes"][0]
    assert everything["class"] == "" and everything["own"]
    assert 0 < everything["right"] <= 5 < everything["detections"]
    assert [row["class"] for row in report["classes"][1:]] == ["tank"]
    assert "calibrated" in open("out.svg").read()
    # Few right ones: the class goes by the curve of all, and scores move along it.
    curve = report["classes"][1]
    before, after = scores(town.scene, model), scores(town.scene, "out.safetensors")
    best = math.log(before[-1] / (1 - before[-1]))
    expected = 1 / (1 + math.exp(-(curve["slope"] * best + curve["offset"])))
    assert after[-1] == pytest.approx(expected, abs=1e-4)
    # What is calibrated already is measured as it was.
    again = calibrate("out.safetensors", dataset, "-o", "again.safetensors")
    assert again["classes"] == report["classes"]


def test_gaclip_model_calibrate_synonyms(trained, town, tmp_path):
    """Other names of a class are kept, and find what its own name finds."""
    model, dataset = trained
    described = json.loads(dataset.read_text())
    described["classes"][0]["synonyms"] = ["silo"]
    for image in described["images"]:
        image["path"] = str(dataset.parent / image["path"])
    named = tmp_path / "named.json"
    named.write_text(json.dumps(described))
    calibrate(model, named, "-o", "out.safetensors")
    info = cli.run("gaclip-model info", "out.safetensors")
    assert "\n  tank (silo)\n" in info.stdout
    lines = ["gaclip-detect", town.scene, "--model", "out.safetensors", "--min-score", 0.001]
    for name in ["tank", "silo"]:
        result = cli.run(*lines, "-c", name, "-o", f"{name}.gpkg")
        assert result.returncode == 0, result.stderr
    layers = [ogr.Open(f"{name}.gpkg") for name in ["tank", "silo"]]
    tanks, silos = [
        [(f["class"], f["score"], f.GetGeometryRef().ExportToWkt()) for f in layer.GetLayer(0)]
        for layer in layers
    ]
    assert [row[1:] for row in tanks] == [row[1:] for row in silos]
    assert {row[0] for row in silos} == {"silo"}
    both = cli.run(*lines, "-c", "tank,silo", "-o", "both.gpkg")
    assert both.returncode == 0
    assert both.stderr.count("\n") == 1 and "one class" in both.stderr and "silo" in both.stderr


def test_gaclip_model_calibrate_learned_class(trained, tmp_path):
    """What the model has learned by itself is no other class's name."""
    model, dataset = trained
    described = json.loads(dataset.read_text())
    described["classes"].append({"name": "field", "synonyms": ["tank", "meadow"]})
    for image in described["images"]:
        image["path"] = str(dataset.parent / image["path"])
    named = tmp_path / "named.json"
    named.write_text(json.dumps(described))
    calibrate(model, named, "-o", "out.safetensors")
    info = json.loads(cli.run("gaclip-model info", "out.safetensors", "--json").stdout)
    assert info["gaclip"]["synonyms"] == {"field": ["meadow"]}


def test_gaclip_model_calibrate_errors(trained):
    model, dataset = trained
    cli.assert_fails(CALIBRATE, model, dataset, names=["-o FILE"])
    cli.assert_fails(CALIBRATE, model, "no.json", "-o", "out.safetensors", names=["no.json"])
    cli.assert_fails(
        CALIBRATE, model, dataset, "--split", "test", "-o", "out.safetensors", names=["test", "val"]
    )
    cli.assert_fails(
        CALIBRATE, model, dataset, "--iou", 1, "-o", "out.safetensors", names=["right"]
    )
