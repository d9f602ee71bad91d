"""The model that is used where none is named."""

import json
import os
import shutil
import subprocess

import pytest
from osgeo import gdal

import cli
import layers
import scenes
import tiny_datasets

MODELS = cli.ROOT / "models"
LIBRARIES = ["core/libgaclip.so.0", "geo/libgaclip_geo.so.0"]
COMMANDS = ["gaclip-detect", "gaclip-eval"]


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """Commands and libraries in a folder of their own, as a moved installation has them."""
    folder = tmp_path_factory.mktemp("kit")
    for name in ["bin", "lib"]:
        (folder / name).mkdir()
    for name in COMMANDS:
        shutil.copy(cli.BIN / name, folder / "bin")
    for name in LIBRARIES:
        shutil.copy(cli.BIN.parent / name, folder / "lib")
    return folder


def run(kit, command, *arguments):
    program, *verb = command.split()
    environment = {**os.environ, "LD_LIBRARY_PATH": str(kit / "lib")}
    line = [str(kit / "bin" / program), *verb, *map(str, arguments)]
    return subprocess.run(line, env=environment, capture_output=True, text=True)


def ship(kit, model):
    (kit / "models").mkdir(exist_ok=True)
    shutil.copy(model, kit / "models" / "default.safetensors")


@pytest.fixture(autouse=True)
def nothing_shipped(kit):
    shutil.rmtree(kit / "models", ignore_errors=True)


def test_default_model_none(kit, town, tmp_path):
    captions = tiny_datasets.karpathy(tmp_path / "captions")
    for line in [["gaclip-detect", town.scene, "-c", "tank"], ["gaclip-eval retrieval", captions]]:
        result = run(kit, *line)
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1
        for word in ["no model", "--model", "GACLIP_MODEL", "gaclip-train"]:
            assert word in result.stderr


def test_default_model_beside_the_library(kit, town, model):
    ship(kit, model)
    result = run(kit, "gaclip-detect", town.scene, "-c", "tank", "--json", "--min-score", 0)
    assert result.returncode == 0, result.stderr
    shipped = kit / "models" / "default.safetensors"
    assert os.path.samefile(json.loads(result.stdout)["model"], shipped)


def test_default_model_is_overruled(kit, town, model):
    ship(kit, __file__)
    arguments = [town.scene, "-c", "tank", "--json", "--min-score", 0, "--overwrite"]
    assert "default.safetensors" in run(kit, "gaclip-detect", *arguments).stderr
    for more in [["-m", model], ["--config", "GACLIP_MODEL", model]]:
        result = run(kit, "gaclip-detect", *arguments, *more)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["model"] == str(model)


# The shipped model itself


def info():
    result = cli.run("gaclip-model info", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_shipped_model():
    assert (MODELS / "default.safetensors").stat().st_size < 40e6
    about = info()
    assert about["gaclip"]["architecture"]["gsd"][1] > 0
    assert {"windmill", "airplane", "ship"} <= set(about["gaclip"]["classes"])
    names = {"windmill": {"wind turbine"}, "airplane": {"plane", "aircraft"}, "ship": {"boat"}}
    for name, others in names.items():
        assert others <= set(about["gaclip"]["synonyms"][name])
    assert "{}" in about["gaclip"]["templates"] and about["gaclip"]["background"]


def test_shipped_model_is_found(town):
    result = cli.run("gaclip-detect", town.scene, "-c", "storage tank", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert os.path.samefile(report["model"], MODELS / "default.safetensors")
    assert report["model_sha256"] == info()["sha256"]


def test_shipped_model_needs_no_name(town, tmp_path):
    """A .gaclip file of it can go to another machine; one of another model names that."""
    shipped, *more = [town.scene, "-c", "storage tank", "--bbox", *corner(), "-o"], "-q"
    assert cli.run("gaclip-detect", *shipped, "a.gaclip", *more).returncode == 0
    assert "model" not in json.loads((tmp_path / "a.gaclip").read_text())
    shutil.copy(MODELS / "default.safetensors", "mine.safetensors")
    named = [*shipped, "b.gaclip", "-m", "mine.safetensors", *more]
    assert cli.run("gaclip-detect", *named).returncode == 0
    assert json.loads((tmp_path / "b.gaclip").read_text())["model"] == "mine.safetensors"
    one, two = (gdal.OpenEx(name, gdal.OF_VECTOR) for name in ("a.gaclip", "b.gaclip"))
    assert layers.rows(one.GetLayer(0)) == layers.rows(two.GetLayer(0))


def corner():
    """Of the town, xmin, ymin, xmax, ymax in one text."""
    x, y = scenes.ORIGIN
    return [f"{x},{y - 64},{x + 64},{y}"]
