"""gaclip-train: the model it leaves, and what it says when it cannot."""

import json
import signal
import time
import xml.etree.ElementTree

import pytest

import cli
import scenes
import tiny_datasets

TRAIN = "gaclip-train"


LOSSES = ["global", "region", "hard_negative", "visual", "text", "objectness", "box"]


def read_log(folder="m.train"):
    with open(f"{folder}/log.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def untimed(lines):
    """What a log says but for the time that it took."""
    return [{key: value for key, value in line.items() if key != "time"} for line in lines]


def test_gaclip_train_model_and_log(town, tmp_path):
    result = cli.run(TRAIN, *cli.small_training(town), "-o", "m.safetensors", "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    summary = json.loads(result.stdout)
    assert summary["training"]["features"]["kept"] == len(scenes.TANKS)
    steps = read_log()
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert list(steps[0]["losses"]) == LOSSES
    assert steps[0]["losses"]["region"] > 0 and steps[0]["losses"]["visual"] == 0
    assert steps[0]["encoded"]["images"] == 2 and steps[0]["encoded"]["crops"] == 0
    assert steps[-1]["loss"] == pytest.approx(summary["loss"])
    info = json.loads(cli.run("gaclip-model info", "m.safetensors", "--json").stdout)
    assert info["parameters"]["total"] == summary["parameters"]
    assert info["gaclip"]["training"]["stages"][0]["seed"] == 1
    assert {path.name for path in (tmp_path / "m.train").iterdir()} == {"log.jsonl", "curves.svg"}


def test_gaclip_train_curves(town):
    result = cli.run(TRAIN, *cli.small_training(town), "-o", "m.safetensors")
    assert result.returncode == 0, result.stderr
    root = xml.etree.ElementTree.parse("m.train/curves.svg").getroot()
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    shown = [name for name in LOSSES if any(step["losses"][name] for step in read_log())]
    assert {"region", "objectness", "box"} <= set(shown)
    assert len(lines) == 1 + len(shown)  # and the sum
    assert all(len(line.get("points").split()) == 3 for line in lines)


def test_gaclip_train_loss_weights(town):
    result = cli.run(
        TRAIN, *cli.small_training(town), "-o", "m.safetensors", "--loss", "visual=0.5",
        "--loss", "global=0",
    )
    assert result.returncode == 0, result.stderr
    steps = read_log()
    assert all(step["losses"]["global"] == 0 for step in steps)
    assert sum(step["encoded"]["crops"] for step in steps) > 0
    assert any(step["losses"]["visual"] > 0 for step in steps)
    for step in steps:
        weights = {"region": 0.5, "visual": 0.5, "objectness": 1, "box": 2}
        total = sum(weight * step["losses"][name] for name, weight in weights.items())
        assert step["loss"] == pytest.approx(total)


@pytest.mark.parametrize("pair", ["nope=1", "region=-1", "region=much", "region="])
def test_gaclip_train_bad_loss(town, pair):
    cli.assert_fails(
        TRAIN, *cli.small_training(town), "--loss", pair, "-o", "m.safetensors", names=[pair]
    )


def test_gaclip_train_freeze(town):
    arguments = [*cli.small_training(town), "--loss", "global=0"]
    for name, frozen in (("all", []), ("some", ["--freeze", "visual.stem.,token_embedding"])):
        result = cli.run(TRAIN, *arguments, *frozen, "-o", f"{name}.safetensors")
        assert result.returncode == 0, result.stderr
    one, two = read_log("all.train"), read_log("some.train")
    assert one[0]["loss"] == two[0]["loss"]
    assert one[0]["gradient_norm"] > two[0]["gradient_norm"]


def test_gaclip_train_freeze_unknown(town, tmp_path):
    result = cli.run(TRAIN, *cli.small_training(town), "--freeze", "nope.", "-o", "m.safetensors")
    assert result.returncode == 1 and '"nope."' in result.stderr
    assert not (tmp_path / "m.safetensors").exists()


def test_gaclip_train_micro_batch(town):
    arguments = replaced(cli.small_training(town), "--batch", 4)
    for name, extra in (("whole", []), ("parts", ["--micro-batch", 1])):
        result = cli.run(TRAIN, *arguments, *extra, "-o", f"{name}.safetensors")
        assert result.returncode == 0, result.stderr
    one, two = read_log("whole.train")[0], read_log("parts.train")[0]
    assert one["loss"] == pytest.approx(two["loss"], rel=1e-5)
    assert one["gradient_norm"] == pytest.approx(two["gradient_norm"], rel=1e-4)


def test_gaclip_train_dry_run(town, tmp_path):
    result = cli.run(TRAIN, *cli.small_training(town), "-o", "m.safetensors", "--dry-run")
    assert result.returncode == 0, result.stderr
    for word in ("parameters:", "memory:", "steps:", "time:"):
        assert word in result.stdout
    assert list(tmp_path.iterdir()) == []


def long_training(town):
    return replaced(cli.small_training(town), "--steps", 24)


def wait_for_lines(process, path, count):
    while not path.exists() or len(path.read_bytes().splitlines()) < count:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)


@pytest.mark.parametrize("kill_after", [1, 4, 7, 11, 15, 20, 23])
def test_gaclip_train_killed_and_resumed(town, tmp_path, kill_after):
    """Whenever it is killed, the log goes on to the last digit, and so do the weights."""
    arguments = [*long_training(town), "-j", 2, "--checkpoint-every", 3]
    whole = cli.run(TRAIN, *arguments, "-o", "whole.safetensors")
    assert whole.returncode == 0, whole.stderr
    process = cli.start(TRAIN, *arguments, "-o", "m.safetensors")
    wait_for_lines(process, tmp_path / "m.train" / "log.jsonl", kill_after)
    process.kill()
    process.communicate()
    if (tmp_path / "m.safetensors").exists():
        pytest.skip("it was done before it could be killed")
    if not (tmp_path / "m.train" / "checkpoint-1.safetensors").exists():
        cli.assert_fails(TRAIN, *arguments, "-o", "m.safetensors", "--resume", names=["m.train"])
        return
    resumed = cli.run(TRAIN, *arguments, "-o", "m.safetensors", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert untimed(read_log("m.train")) == untimed(read_log("whole.train"))
    assert (tmp_path / "m.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def test_gaclip_train_resume_with_other_options(town, tmp_path):
    arguments = long_training(town)
    process = cli.start(TRAIN, *arguments, "-o", "m.safetensors", "--checkpoint-every", 1)
    wait_for_lines(process, tmp_path / "m.train" / "log.jsonl", 3)
    process.kill()
    process.communicate()
    other = replaced(arguments, "--seed", 2)
    result = cli.run(TRAIN, *other, "-o", "m.safetensors", "--resume")
    assert result.returncode == 1
    assert "checkpoint-1.safetensors" in result.stderr and "seed" in result.stderr


def test_gaclip_train_damaged_checkpoint(town, tmp_path):
    (tmp_path / "m.train").mkdir()
    (tmp_path / "m.train" / "log.jsonl").touch()
    (tmp_path / "m.train" / "checkpoint-1.safetensors").write_bytes(b"\x10" + bytes(40))
    result = cli.run(TRAIN, *cli.small_training(town), "-o", "m.safetensors", "--resume")
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "checkpoint-1.safetensors" in result.stderr


def write_recipe(town, **stage_changes):
    """Two stages on the town, the second with every loss that it has texts for."""
    source = {
        "type": "scene", "raster": str(town.scene), "annotations": str(town.annotations),
        "class_field": "kind",
    }
    stage = {"steps": 8, "batch": 2, "warmup_steps": 1, "sources": [source]}
    recipe = {
        "format": "gaclip-recipe",
        "version": 1,
        "model": {
            "architecture": {
                "embed_dim": 16,
                "vision": {"image_size": 64, "patch_size": 8, "width": 32, "layers": 1, "heads": 2},
                "text": {"context_length": 16, "vocab_size": 600, "width": 16, "layers": 1,
                         "heads": 2},
                "proposal": {"width": 8, "layers": 1, "upsample": 1},
            },
            "background": ["empty ground", "something else"],
        },
        "stages": [
            stage | {"name": "one", "weights": {"global": 1, "objectness": 1, "box": 1}},
            stage
            | {"name": "two", "weights": {"region": 1, "visual": 1, "objectness": 1, "box": 1}}
            | stage_changes,
        ],
    }
    with open("recipe.json", "w", encoding="utf-8") as file:
        json.dump(recipe, file)
    return "recipe.json"


def test_gaclip_train_recipe(town, tmp_path):
    result = cli.run(TRAIN, write_recipe(town), "-o", "m.safetensors", "--json")
    assert result.returncode == 0, result.stderr
    stages = json.loads(result.stdout)["training"]["stages"]
    assert [stage["name"] for stage in stages] == ["one", "two"]
    lines = read_log()
    assert [line["stage"] for line in lines] == [1] * 8 + [2] * 8
    assert all(line["encoded"]["crops"] == 0 for line in lines[:8])
    assert sum(line["encoded"]["crops"] for line in lines[8:]) > 0
    assert not list((tmp_path / "m.train").glob("checkpoint*"))


def test_gaclip_train_recipe_synonyms(town, tmp_path):
    """A class that one data set calls by another's other name is one class."""
    for name, synonyms in [("boat", ["vessel"]), ("ship", ["boat"])]:
        categories = [{"id": 1, "name": name, "synonyms": synonyms}]
        box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 30, 30]}
        image = {"id": 1, "file_name": str(town.scene), "width": 192, "height": 192}
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"images": [image], "annotations": [box], "categories": categories})
        )
    sources = [{"type": "coco", "path": str(tmp_path / f"{name}.json")} for name in ["boat", "ship"]]
    path = write_recipe(town, steps=1, sources=sources)
    result = cli.run(TRAIN, path, "-o", "m.safetensors", "--quiet")
    assert result.returncode == 0, result.stderr
    info = cli.run("gaclip-model info", "m.safetensors").stdout
    assert "\n  ship (vessel, boat)\n  tank\n" in info and "\n  boat" not in info
    # A class that is learned now is another class's name no longer.
    recipe = json.loads((tmp_path / path).read_text())
    recipe["model"] = {"init": "m.safetensors"}
    recipe["stages"] = [recipe["stages"][1] | {"sources": sources[:1]}]
    (tmp_path / "boats.json").write_text(json.dumps(recipe))
    result = cli.run(TRAIN, "boats.json", "-o", "boats.safetensors", "--quiet")
    assert result.returncode == 0, result.stderr
    info = cli.run("gaclip-model info", "boats.safetensors").stdout
    assert "\n1 classes with boxes that it learned from\n  boat (vessel)\n" in info


@pytest.mark.parametrize("kill_after", [3, 7, 10, 14])
def test_gaclip_train_recipe_killed_and_resumed(town, tmp_path, kill_after):
    arguments = [write_recipe(town), "-j", 2, "--checkpoint-every", 2]
    whole = cli.run(TRAIN, *arguments, "-o", "whole.safetensors")
    assert whole.returncode == 0, whole.stderr
    process = cli.start(TRAIN, *arguments, "-o", "m.safetensors")
    wait_for_lines(process, tmp_path / "m.train" / "log.jsonl", kill_after)
    process.kill()
    process.communicate()
    resumed = cli.run(TRAIN, *arguments, "-o", "m.safetensors", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert untimed(read_log("m.train")) == untimed(read_log("whole.train"))
    info = [
        cli.run("gaclip-model info", f"{name}.safetensors", "--json") for name in ("m", "whole")
    ]
    assert all(one.returncode == 0 for one in info)


def test_gaclip_train_recipe_validation(town, tmp_path):
    """What a validation is a measure of: the images looked at, of those there are."""
    tiny_datasets.karpathy(tmp_path / "many", count=117, split="val")
    sources = [{"type": "captions", "path": "many/dataset.json", "split": "val"}]
    path = write_recipe(town, steps=2, validate={"every": 2, "sources": sources})
    result = cli.run(TRAIN, path, "-o", "m.safetensors")
    assert result.returncode == 0, result.stderr
    assert "on held-out data (100 of 104 images of many)" in result.stdout
    (validation,) = [line for line in read_log() if "validation" in line]
    assert validation["images"] == [{"source": "many", "measured": 100, "available": 104}]


def test_gaclip_train_recipe_mean_of_a_validated_stage(town, tmp_path):
    """A stage that is to end in a mean does so, whichever of its weights was the best."""
    tiny_datasets.karpathy(tmp_path / "few", count=12, split="val")
    validate = {"every": 1, "sources": [{"type": "captions", "path": "few/dataset.json",
                                         "split": "val"}]}
    weights = {}
    for name, changes in {"plain": {}, "validated": {"validate": validate}}.items():
        path = write_recipe(town, steps=6, start_share=0.5, **changes)
        result = cli.run(TRAIN, path, "-o", f"{name}.safetensors", "-q")
        assert result.returncode == 0, result.stderr
        content = (tmp_path / f"{name}.safetensors").read_bytes()
        weights[name] = content[8 + int.from_bytes(content[:8], "little") :]
    assert weights["plain"] == weights["validated"]


def test_gaclip_train_recipe_unknown_key(town):
    path = write_recipe(town, learning_rat=1)
    cli.assert_fails(TRAIN, path, "-o", "m.safetensors", names=["recipe.json", "learning_rat"])


def test_gaclip_train_recipe_and_steps(town):
    path = write_recipe(town)
    cli.assert_fails(
        TRAIN, path, "--steps", 3, "-o", "m.safetensors", names=["--steps", "recipe.json"]
    )


def test_gaclip_train_folder_in_use(town):
    result = cli.run(TRAIN, *cli.small_training(town), "-o", "m.safetensors", "--folder", "run")
    assert result.returncode == 0, result.stderr
    cli.assert_fails(
        TRAIN, *cli.small_training(town), "-o", "other.safetensors", "--folder", "run",
        names=["run", "--resume", "--overwrite"],
    )


def test_gaclip_train_overwrite_of_what_cannot_be_trained(town, tmp_path):
    """What is there goes only when the new sources are known to open."""
    recipe = tmp_path / write_recipe(town)
    scene = tmp_path / "scene.tif"
    scene.write_bytes(town.scene.read_bytes())
    recipe.write_text(recipe.read_text().replace(str(town.scene), str(scene)))
    result = cli.run(TRAIN, recipe, "-o", "m.safetensors")
    assert result.returncode == 0, result.stderr
    before = {path: path.read_bytes() for path in (tmp_path / "m.train").iterdir()}
    assert len(before) >= 3
    scene.write_bytes(b"no raster")
    cli.assert_fails(TRAIN, recipe, "-o", "m.safetensors", "--overwrite", names=["scene"])
    assert {path: path.read_bytes() for path in (tmp_path / "m.train").iterdir()} == before
    cli.assert_fails(TRAIN, recipe, "-o", "new.safetensors", names=["scene"])
    assert not (tmp_path / "new.train").exists()


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_gaclip_train_interrupted_and_resumed(town, tmp_path, number):
    arguments = [*replaced(cli.small_training(town), "--steps", 60), "-j", 2]
    process = cli.start(TRAIN, *arguments, "-o", "m.safetensors")
    wait_for_lines(process, tmp_path / "m.train" / "log.jsonl", 2)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=cli.TIMEOUT)
    assert process.returncode == 130
    assert "m.safetensors" in stderr and "--resume" in stderr and stderr.count("FAILURE") == 1
    assert f"after {len(read_log())} of 60 steps of stage 1;" in stderr
    assert cli.run("gaclip-model info", "m.safetensors").returncode == 0
    assert len(read_log()) < 60
    for name, extra in (("m", ["--resume"]), ("whole", [])):
        result = cli.run(TRAIN, *arguments, *extra, "-o", f"{name}.safetensors")
        assert result.returncode == 0, result.stderr
    assert untimed(read_log("m.train")) == untimed(read_log("whole.train"))


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
        TRAIN, *cli.small_training(town), "-l", "nope", "-o", "m.safetensors",
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
