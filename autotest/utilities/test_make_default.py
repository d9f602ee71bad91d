"""models/make-default.sh: from data to a calibrated model, however often it is stopped."""

import json
import os
import subprocess

import pytest

import cli
from test_gaclip_model_calibrate import faint_scene
from test_gaclip_train import wait_for_lines, write_recipe

SCRIPT = cli.ROOT / "models" / "make-default.sh"


@pytest.fixture
def environment(town, tmp_path):
    """Of a small training on the town, with a data set of it to calibrate on."""
    scene, dataset = tmp_path / "b.tif", tmp_path / "data" / "detection" / "town" / "val.json"
    faint_scene(scene)
    dataset.parent.mkdir(parents=True)
    result = cli.run(
        "gaclip-dataset build",
        *("--scene", scene, "--annotations", town.annotations, "--class-field", "kind"),
        *("--window", 192, "--split", "val", "-o", dataset),
    )
    assert result.returncode == 0, result.stderr
    recipe = tmp_path / write_recipe(town, steps=150, batch=4, checkpoint_every=20)
    content = json.loads(recipe.read_text())
    architecture = content["model"]["architecture"]
    architecture["vision"] |= {"width": 48, "layers": 2}
    architecture["proposal"] |= {"width": 48, "upsample": 4}
    recipe.write_text(json.dumps(content))
    return os.environ | {
        "GACLIP_BIN": str(cli.BIN), "GACLIP_DATA": str(tmp_path / "data"),
        "GACLIP_RECIPE": str(recipe),
    }


def make(environment, *arguments):
    return subprocess.run(
        [SCRIPT, "made", *arguments], env=environment, capture_output=True, text=True
    )


def test_make_default_in_pieces(environment, tmp_path):
    result = make(environment, "--minutes", "0.001", "-q")
    assert result.returncode == 0, result.stderr
    assert "goes on with it" in result.stdout
    # Killed between the end of a stage and the next one's first checkpoint.
    process = subprocess.Popen(
        [SCRIPT, "made", "-q"], env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    wait_for_lines(process, tmp_path / "made" / "trained.train" / "log.jsonl", 10)
    os.killpg(process.pid, 9)
    process.communicate()
    assert not (tmp_path / "made" / "default.safetensors").exists()
    result = make(environment, "-q")
    assert result.returncode == 0, result.stderr
    info = json.loads(cli.run("gaclip-model info", "made/default.safetensors", "--json").stdout)
    assert info["dtype"] == "bf16"
    assert [row["class"] for row in info["gaclip"]["calibration"]][0] == ""
    assert (tmp_path / "made" / "reliability.svg").exists()


def test_make_default_usage(environment):
    result = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True)
    assert result.returncode == 1 and result.stderr.startswith("usage: ")
