"""bench/held_out.py: a class without boxes, and scenes of another collection, from one command."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import tiny_datasets
from test_ablation import ARCHITECTURE, FIRST, SECOND

SCRIPT = pathlib.Path(__file__).parent.parent / "bench" / "held_out.py"
RECIPES = SCRIPT.parent.parent / "recipes"
SETS = ["airplanes", "cars", "pools", "ships", "solar_panels", "storage_tanks", "tennis_courts",
        "vehicles"]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    for name in [*SETS, "windmills"]:
        kind = "windmill" if name == "windmills" else "airplane"
        path = tiny_datasets.coco(folder / "detection" / name, count=3, names=[kind])
        shutil.copy(path, path.with_name("train.json"))
    for name in ["rsicd", "ucm"]:
        path = tiny_datasets.karpathy(folder / name, split="train" if name == "rsicd" else "val")
        path.rename(path.with_name(f"dataset_{name}.json"))
    return folder


def write_recipe():
    captions = {"type": "captions", "path": "${GACLIP_HELD_OUT}/windmill_captions.json"}
    everything = {"type": "dataset", "path": "${GACLIP_HELD_OUT}/captions.json", "split": "train"}
    regions = {"type": "dataset", "path": "${GACLIP_HELD_OUT}/regions.json", "split": "train"}
    first = {"steps": 2, "batch": 4, "warmup_steps": 1, "weights": FIRST,
             "sources": [captions, everything]}
    second = {**first, "weights": SECOND, "sources": [captions, regions]}
    labels = {"type": "coco", "path": "${GACLIP_HELD_OUT}/pseudo_labels.json"}
    third = {**second, "sources": [captions, regions, labels]}
    whole = {"format": "gaclip-recipe", "version": 1, "model": {"architecture": ARCHITECTURE}}
    tiny_datasets.write_json("recipe.json", {**whole, "stages": [first, second]})
    whole["model"] = {"init": "${GACLIP_HELD_OUT}/model.safetensors"}
    tiny_datasets.write_json("then.json", {**whole, "stages": [third]})


def run(data, *arguments):
    command = [sys.executable, str(SCRIPT), *arguments, "-o", "out", "--data", str(data), "--bin",
               os.environ["GACLIP_BIN"]]
    return subprocess.run(command, capture_output=True, text=True)


def hold_out(data):
    return run(data, "recipe.json", "--then", "then.json", "--pseudo-score", "0.001")


def test_held_out(data):
    write_recipe()
    result = hold_out(data)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nwindmill " in result.stdout and "classification" in result.stdout
    # The word comes from captions of whole images alone.
    assert "windmill" in pathlib.Path("out/captions.json").read_text()
    assert "windmill" in pathlib.Path("out/all_regions.json").read_text()
    regions = pathlib.Path("out/regions.json").read_text()
    assert "windmill" not in regions and '"hard_negatives"' in regions
    # The first model's boxes, one a chip, are what the second one learns from.
    labels = json.loads(pathlib.Path("out/pseudo_labels.json").read_text())
    assert len(labels["annotations"]) == len(labels["images"]) == 3
    assert all(min(box["bbox"][2:]) > 1 for box in labels["annotations"])
    # What is there is not made again.
    again = hold_out(data)
    assert again.returncode == 0, again.stderr
    for command in ["gaclip-train", "gaclip-dataset", "gaclip-detect"]:
        assert command not in again.stdout


def test_held_out_data(data):
    """The data sets alone, for a recipe of another script."""
    result = run(data, "--data-only")
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(path.name for path in pathlib.Path("out").iterdir()) == [
        "all_regions.json", "captions.json", "regions.json", "windmill_captions.json",
    ]
    assert run(data).returncode == 2


@pytest.mark.parametrize("name", ["held_out.json", "ablation.json"])
def test_held_out_recipe(name):
    """The recipe sees neither boxes of windmills nor anything of UC Merced."""
    recipe = json.loads((RECIPES / name).read_text())
    text = json.dumps(recipe["stages"])
    assert "detection/windmills" not in text and "/ucm" not in text
    assert "GACLIP_REGIONS" not in text and "GACLIP_HELD_OUT" in text
