"""gaclip-dataset: build, check, stats."""

import json

import pytest
from osgeo import gdal

import cli
import scenes

BUILD, CHECK, STATS = "gaclip-dataset build", "gaclip-dataset check", "gaclip-dataset stats"


def write_image(path, seed, side=32):
    """A noisy RGB image, another one for every seed."""
    raster = gdal.GetDriverByName("GTiff").Create(str(path), side, side, 3)
    for band in range(3):
        values = bytes((x * 7919 + y * 104729 + band * 31 + seed * 613) % 251
                       for y in range(side) for x in range(side))
        raster.GetRasterBand(band + 1).WriteRaster(0, 0, side, side, values)


@pytest.fixture
def coco(tmp_path):
    """A COCO file with two images and three ships."""
    (tmp_path / "in" / "images").mkdir(parents=True)
    write_image(tmp_path / "in" / "images" / "a.tif", 1)
    write_image(tmp_path / "in" / "images" / "b.tif", 2)
    box = lambda image, x: {"image_id": image, "category_id": 1, "bbox": [x, 4, 8, 8]}
    content = {
        "info": {"description": "harbour"},
        "images": [{"id": i, "file_name": f"{'ab'[i]}.tif", "width": 32, "height": 32}
                   for i in range(2)],
        "annotations": [box(0, 2), box(0, 20), box(1, 10)],
        "categories": [{"id": 1, "name": "ship", "synonyms": ["vessel"]}],
    }
    path = tmp_path / "in" / "train.json"
    path.write_text(json.dumps(content))
    return path


def build(*arguments):
    result = cli.run(BUILD, *arguments)
    assert result.returncode == 0, result.stderr
    return result


def test_gaclip_dataset_build(coco):
    build(coco, "-o", "out.json", "--name", "ships", "--licence", "CC0")
    made = json.load(open("out.json"))
    assert (made["format"], made["version"], made["name"]) == ("gaclip-dataset", 1, "ships")
    assert made["command"].startswith("gaclip-dataset build")
    assert made["classes"] == [{"name": "ship", "synonyms": ["vessel"]}]
    first = made["images"][0]
    assert first["path"] == "in/images/a.tif"
    assert (first["split"], first["source"], first["licence"]) == ("train", "harbour", "CC0")
    assert first["regions"][0] == {"box": [0.0625, 0.125, 0.3125, 0.375], "class": "ship"}
    again = build("out.json", "-o", "again.json", "-q")
    assert again.stdout == ""
    assert json.load(open("again.json"))["images"] == made["images"]


def test_gaclip_dataset_schema(coco):
    """What is written, the shipped recipes, and nothing else passes the checked-in schemas."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.load(open(cli.ROOT / "docs" / "dataset.schema.json"))
    build(coco, "-o", "out.json")
    made = json.load(open("out.json"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(made)
    made["images"][0]["regions"][0]["colour"] = "red"
    assert not validator.is_valid(made)
    recipes = jsonschema.Draft202012Validator(
        json.load(open(cli.ROOT / "docs" / "recipe.schema.json")))
    for path in sorted((cli.ROOT / "recipes").glob("*.json")):
        recipe = json.load(open(path))
        recipes.validate(recipe)
        recipe["stages"][0]["learnig_rate"] = 1
        assert not recipes.is_valid(recipe)


def test_gaclip_dataset_check(coco):
    build(coco, "-o", "out.json")
    assert cli.run(CHECK, "out.json", "-q").returncode == 0
    made = json.load(open("out.json"))
    made["images"].append(dict(made["images"][0], split="val"))
    json.dump(made, open("twice.json", "w"))
    result = cli.run(CHECK, "twice.json", "-q")
    assert result.returncode == 1 and result.stderr == ""
    assert "images[2]: has the same pixels as images[0]" in result.stdout
    report = json.loads(cli.run(CHECK, "twice.json", "-q", "--json").stdout)
    assert len(report["findings"]) == 1 and report["images"] == 3


def test_gaclip_dataset_duplicates(coco):
    """A copy in train of an image of val is left out and listed, unless it is to stay."""
    build(coco, "-o", "out.json")
    made = json.load(open("out.json"))
    made["images"].append(dict(made["images"][0], split="val"))
    json.dump(made, open("twice.json", "w"))
    result = build("twice.json", "-o", "once.json")
    assert "in/images/a.tif: left out: has the same pixels as" in result.stdout
    assert "(splits train and val)" in result.stdout
    assert [i["split"] for i in json.load(open("once.json"))["images"]] == ["train", "val"]
    assert cli.run(CHECK, "once.json", "-q").returncode == 0
    build("twice.json", "-o", "both.json", "--keep-duplicates")
    assert len(json.load(open("both.json"))["images"]) == 3


def test_gaclip_dataset_stats(coco):
    build(coco, "-o", "out.json")
    report = json.loads(cli.run(STATS, "out.json", "--json").stdout)
    assert report["total"]["images"] == 2 and report["total"]["regions"] == 3
    assert report["classes"] == [{"name": "ship", "boxes": 3, "images": 2}]
    assert "harbour" in cli.run(STATS, "out.json").stdout


def test_gaclip_dataset_split_and_filter(coco):
    build(coco, "-o", "out.json", "--split-by", "image", "--shares", "0,0,1")
    assert {i["split"] for i in json.load(open("out.json"))["images"]} == {"test"}
    result = build(coco, "-o", "none.json", "--filter", "--max-coverage", 0.1)
    assert result.stdout.count("left out: coverage") == 1
    assert len(json.load(open("none.json"))["images"]) == 1


def test_gaclip_dataset_describe(coco):
    build(coco, "-o", "out.json", "--describe", "--hard-negatives", 3)
    made = json.load(open("out.json"))
    assert made["images"][0]["captions"] == ["two ships"]
    assert made["images"][0]["detailed_caption"].startswith("The image shows two ships.")
    regions = [r for i in made["images"] for r in i["regions"]]
    assert all("ship" in r["description"] and 1 <= len(r["hard_negatives"]) <= 3 for r in regions)
    assert cli.run(CHECK, "out.json", "-q").returncode == 0
    made["images"][0]["captions"] = ["three ships"]
    json.dump(made, open("lie.json", "w"))
    result = cli.run(CHECK, "lie.json", "-q")
    assert result.returncode == 1 and 'it is not so that "three ships"' in result.stdout


def negatives_of(path):
    images = json.load(open(path))["images"]
    return [n for i in images for r in i["regions"] for n in r.get("hard_negatives", [])]


def test_gaclip_dataset_negatives_mix(coco):
    """Kinds of hard negatives are left out at weight 0."""
    def swapped(path):
        return ["pier" in n or "bridge" in n for n in negatives_of(path)]

    options = ["--describe", "--with-views", "--hard-negatives", 64]
    build(coco, "-o", "all.json", *options)
    assert any(swapped("all.json")) and not all(swapped("all.json"))
    build(coco, "-o", "some.json", *options, "--negatives", "class=0", "--negatives", "position=2")
    assert swapped("some.json") and not any(swapped("some.json"))
    others = ["size", "shape", "colour", "tone", "position", "count"]
    build(coco, "-o", "classes.json", *options, *(o for k in others for o in ("--negatives", f"{k}=0")))
    assert swapped("classes.json") and all(swapped("classes.json"))
    cli.assert_fails(BUILD, coco, "-o", "x.json", "--describe", "--negatives", "smell=1",
                     names=["--negatives smell=1", "colour"])
    cli.assert_fails(BUILD, coco, "-o", "x.json", "--describe", "--negatives", "size=-1",
                     names=["--negatives size=-1"])


def test_gaclip_dataset_scene(town):
    build("--scene", town.scene, "--annotations", town.annotations, "--class-field", "kind",
          "-o", "town.json", "--window", 100)
    made = json.load(open("town.json"))
    assert all("window" in i and i["crs"] == "EPSG:26915" and i["annotated"]
               for i in made["images"])
    assert sum(len(i.get("regions", [])) for i in made["images"]) >= 5


def test_gaclip_dataset_scene_cuts_objects(town):
    """An object that a window's edge cuts counts neither as hit nor as miss there."""
    build("--scene", town.scene, "--annotations", town.annotations, "--class-field", "kind",
          "-o", "town.json", "--window", 64)
    difficult = {}
    for image in json.load(open("town.json"))["images"]:
        for region in image.get("regions", []):
            x1, y1, x2, y2 = region["box"]
            width, height = (x2 - x1) * image["width"], (y2 - y1) * image["height"]
            is_whole = round(width) == round(height) == scenes.TANK_SIDE
            difficult.setdefault(is_whole, set()).add(region.get("difficult", False))
    assert difficult == {True: {False}, False: {True}}


def test_gaclip_dataset_errors(coco):
    cli.assert_fails(BUILD, coco, names=["-o"])
    cli.assert_fails(BUILD, "-o", "out.json", names=["--scene"])
    cli.assert_fails(BUILD, "--scene", "a.tif", "--annotations", "a.shp", "-o", "out.json",
                     names=["--class-field", "--class-name", "a.shp"])
    cli.assert_fails(BUILD, coco, "-o", coco, names=["train.json", "--overwrite"])
    cli.assert_fails(BUILD, coco, "-o", "x.json", "--input-format", "xml", names=["--input-format xml"])
    cli.assert_fails(BUILD, "none.json", "-o", "x.json", names=["none.json"])
    cli.assert_fails(BUILD, coco, "-o", "x.json", "--split-by", "day", names=["--split-by day"])
    cli.assert_fails(CHECK, "none.json", names=["none.json"])
