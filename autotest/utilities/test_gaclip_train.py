"""gaclip-train: the model it leaves, and what it says when it cannot."""

import json
import signal
import time

import pytest

import cli
import scenes

TRAIN = "gaclip-train"


def test_gaclip_train_model_and_log(town):
    outputs = ["-o", "m.safetensors", "--log", "log.jsonl", "--json"]
    result = cli.run(TRAIN, *cli.small_training(town), *outputs)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    summary = json.loads(result.stdout)
    assert summary["training"]["features"]["kept"] == len(scenes.TANKS)
    with open("log.jsonl", encoding="utf-8") as file:
        steps = [json.loads(line) for line in file]
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert steps[-1]["loss"] == pytest.approx(summary["loss"])
    info = json.loads(cli.run("gaclip-model info", "m.safetensors", "--json").stdout)
    assert info["parameters"]["total"] == summary["parameters"]
    assert info["gaclip"]["training"]["seed"] == 1


def test_gaclip_train_same_bytes_twice(town, tmp_path):
    for name in ("one", "two"):
        result = cli.run(TRAIN, *cli.small_training(town), "-j", 2, "-o", name)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_gaclip_train_class_name(town):
    arguments = cli.small_training(town)
    at = arguments.index("--class-field")
    arguments[at : at + 2] = ["--class-name", "oil tank"]
    result = cli.run(TRAIN, *arguments, "-o", "m.safetensors")
    assert result.returncode == 0, result.stderr
    info = json.loads(cli.run("gaclip-model info", "m.safetensors", "--json").stdout)
    assert info["gaclip"]["training"]["class_name"] == "oil tank"


def test_gaclip_train_time_budget(town):
    arguments = cli.small_training(town)
    arguments[arguments.index("--steps") + 1] = 1000000
    result = cli.run(TRAIN, *arguments, "--minutes", 0.03, "-o", "m.safetensors", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["training"]["ended"] == "time is up"


def test_gaclip_train_interrupt_keeps_the_model(town, tmp_path):
    arguments = cli.small_training(town)
    arguments[arguments.index("--steps") + 1] = 1000000
    process = cli.start(TRAIN, *arguments, "-o", "m.safetensors", "--log", "log.jsonl")
    while not ((tmp_path / "log.jsonl").exists() and (tmp_path / "log.jsonl").stat().st_size):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=cli.TIMEOUT)
    assert process.returncode == 130
    assert "m.safetensors" in stderr and stderr.count("FAILURE") == 1
    assert cli.run("gaclip-model info", "m.safetensors").returncode == 0


def replaced(arguments, option, value):
    arguments = list(arguments)
    arguments[arguments.index(option) + 1] = value
    return arguments


def test_gaclip_train_missing_scene(town):
    arguments = replaced(cli.small_training(town), "--scene", "nothing.tif")
    cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", names=["nothing.tif"])


@pytest.mark.parametrize("lacking", ["with_crs", "with_geotransform"])
def test_gaclip_train_not_georeferenced(town, lacking):
    scenes.write_raster("plain.tif", **{lacking: False})
    arguments = replaced(cli.small_training(town), "--scene", "plain.tif")
    cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", names=["plain.tif"])


def test_gaclip_train_missing_annotations(town):
    arguments = replaced(cli.small_training(town), "--annotations", "nothing.shp")
    cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", names=["nothing.shp"])


def test_gaclip_train_raster_as_annotations(town):
    arguments = replaced(cli.small_training(town), "--annotations", town.scene)
    cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", names=["town.tif"])


def test_gaclip_train_no_features_inside(town):
    scenes.write_boxes("far.gpkg", [(100000, 100000), (100100, 100000)])
    arguments = replaced(cli.small_training(town), "--annotations", "far.gpkg")
    cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", names=["far.gpkg"])


def test_gaclip_train_where_without_features(town):
    cli.assert_fails(
        TRAIN, *cli.small_training(town), "--where", "kind = 'boat'", "-o", "m.safetensors",
        names=["tanks.gpkg"],
    )


def test_gaclip_train_unknown_class_field(town):
    arguments = replaced(cli.small_training(town), "--class-field", "nope")
    line = cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", names=["tanks.gpkg", "nope"])
    assert "kind" in line  # the fields there are


def test_gaclip_train_unknown_layer(town):
    cli.assert_fails(
        TRAIN, *cli.small_training(town), "--layer", "nope", "-o", "m.safetensors",
        names=["tanks.gpkg", "nope"],
    )


def test_gaclip_train_existing_output(town, tmp_path):
    (tmp_path / "m.safetensors").write_text("precious")
    cli.assert_fails(
        TRAIN, *cli.small_training(town), "-o", "m.safetensors",
        names=["m.safetensors", "--overwrite"],
    )
    result = cli.run(TRAIN, *cli.small_training(town), "-o", "m.safetensors", "--overwrite")
    assert result.returncode == 0, result.stderr


def test_gaclip_train_unwritable_output(town):
    cli.assert_fails(
        TRAIN, *cli.small_training(town), "-o", "no/such/folder/m.safetensors",
        names=["no/such/folder"],
    )


def test_gaclip_train_neither_field_nor_name(town):
    arguments = cli.small_training(town)
    at = arguments.index("--class-field")
    del arguments[at : at + 2]
    cli.assert_fails(
        TRAIN, *arguments, "-o", "m.safetensors", names=["--class-field", "--class-name"]
    )


@pytest.mark.parametrize("option", ["--scene", "--annotations"])
def test_gaclip_train_missing_option(town, option):
    arguments = cli.small_training(town)
    at = arguments.index(option)
    del arguments[at : at + 2]
    cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", names=[option])
