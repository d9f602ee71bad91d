#!/usr/bin/env python3
###############################################################################
# Vector side of the driver GACLIP: layers that are inferred when they are read.
###############################################################################

import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import zipfile
import zlib

import pytest
from osgeo import gdal, ogr

import cli
import layers
import ogrsf
import scenes

pytestmark = pytest.mark.require_driver("GACLIP")

CLASSES = "tank,field"


def detected(town, model, *arguments):
    """The layer that gaclip-detect writes."""
    result = cli.run(
        "gaclip-detect", town.scene, "-c", CLASSES, "--model", model, "-o", "found.gpkg",
        "--overwrite", "-q", *arguments,
    )
    assert result.returncode == 0, result.stderr
    dataset = gdal.OpenEx("found.gpkg", gdal.OF_VECTOR)
    return layers.rows(dataset.GetLayerByName("detections"))


def opened(name, **options):
    return gdal.OpenEx(
        name, gdal.OF_VECTOR, open_options=[f"{k.upper()}={v}" for k, v in options.items()]
    )


@pytest.fixture(autouse=True)
def clear_cache():
    """Nothing that other tests have seen is known."""
    forget()


def forget():
    for name in gdal.ReadDir("/vsimem/gaclip") or []:
        if name not in (".", ".."):
            gdal.Unlink(f"/vsimem/gaclip/{name}")


def layer_of(name, **options):
    """The first layer; a layer dies with its dataset, so it takes that along."""
    dataset = opened(name, **options)
    layer = dataset.GetLayer(0)
    layer.kept_alive = dataset
    return layer


###############################################################################
# The layer equals gaclip-detect's output feature by feature, in its order.


def test_ogr_gaclip_equals_detect(town, model, connection):
    expected = detected(town, model, "--min-score", 0)
    assert len(expected) > 10
    assert layers.rows(layer_of(connection)) == expected


def test_ogr_gaclip_ogr2ogr(town, model, connection):
    expected = detected(town, model, "--min-score", 0)
    gdal.VectorTranslate("copy.gpkg", connection)
    copy = gdal.OpenEx("copy.gpkg", gdal.OF_VECTOR)
    assert layers.rows(copy.GetLayerByName("detections")) == expected


def calibrated(model, path, offset):
    """A copy of the model whose scores are moved along a curve."""
    content = pathlib.Path(model).read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    facts = json.loads(header["__metadata__"]["gaclip"])
    facts["calibration"] = [{"class": "", "slope": 1, "offset": offset}]
    header["__metadata__"]["gaclip"] = json.dumps(facts)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size :])
    return path


def test_ogr_gaclip_default_score(town, model):
    """That of the model: a half where its scores are calibrated, whether it runs or a kept result
    is read."""
    scores = sorted(fields["score"] for fields, _ in detected(town, model, "--min-score", 0))
    middle = scores[len(scores) // 2]
    likely = calibrated(model, "likely.safetensors", math.log(1 / middle - 1))
    expected = detected(town, likely)
    assert 0 < len(expected) < len(scores)
    assert all(fields["score"] >= 0.5 for fields, _ in expected)
    name = f"GACLIP:{town.scene}?classes={CLASSES}&model={likely}"
    for _ in range(2):
        assert layers.rows(layer_of(name)) == expected
    assert len(layers.rows(layer_of(name, min_score=0.3))) > len(expected)
    assert layers.rows(layer_of(name)) == expected


def test_ogr_gaclip_windfarm(model):
    data = pathlib.Path(os.environ.get("GACLIP_DATA", cli.ROOT.parent / "shared" / "data"))
    scene = data / "scenes" / "windfarm_iowa_b.tif"
    if not scene.is_file():
        pytest.skip(f"{scene} is not there; set GACLIP_DATA to the data's folder")
    town = scenes.Town(scene=scene, annotations=None)
    expected = detected(town, model, "--bbox", "{},{},{},{}".format(*corner_of(scene)))
    bbox = ",".join(map(str, corner_of(scene)))
    dataset = opened(f"GACLIP:{scene}?classes={CLASSES}&model={model}&bbox={bbox}")
    assert layers.rows(dataset.GetLayer(0)) == expected


def corner_of(scene):
    """Its north-western 400 x 400 pixels."""
    left, dx, _, top, _, dy = gdal.Open(str(scene)).GetGeoTransform()
    return left, top + 400 * dy, left + 400 * dx, top


###############################################################################
# Opening infers nothing; the fields, the CRS, the bounds are there at once.


def test_ogr_gaclip_open_is_lazy(connection):
    dataset = opened(connection)
    layer = dataset.GetLayerByName("detections")
    assert dataset.GetLayerCount() == 1
    assert layer.GetSpatialRef().IsSame(scenes.crs())
    assert layer.GetGeomType() == ogr.wkbPolygon
    assert layer.GetExtent() == (
        scenes.ORIGIN[0], scenes.ORIGIN[0] + scenes.SIDE,
        scenes.ORIGIN[1] - scenes.SIDE, scenes.ORIGIN[1],
    )
    assert layer.GetFeatureCount(0) == -1
    assert not layer.TestCapability(ogr.OLCFastFeatureCount)
    assert layers.counts(dataset)["TILES_RUN"] == 0
    assert layer.GetFeatureCount() > 0
    assert layer.TestCapability(ogr.OLCFastFeatureCount)
    assert layers.counts(dataset)["TILES_RUN"] > 0


def test_ogr_gaclip_copy_says_where_it_is_from(town, model, connection):
    subprocess.run(["ogr2ogr", "out.gpkg", connection], check=True)
    copy = ogr.Open("out.gpkg")
    facts = copy.GetLayer(0).GetMetadata()
    assert facts["GACLIP_SOFTWARE"].startswith("gaclip ")
    assert facts["GACLIP_SCENE"] == str(town.scene)
    assert facts["GACLIP_MODEL"] == str(model)
    asked = json.loads(facts["GACLIP_REQUEST"])
    assert asked["classes"] == CLASSES.split(",") and asked["min_score"] == 0


@pytest.mark.parametrize("key", ["model", "proposals"])
def test_ogr_gaclip_open_without_model(town, model, key):
    """At once: ogr2ogr would take an error while reading for the end of an empty layer."""
    name = f"GACLIP:{town.scene}?classes=tank&{key}=none.safetensors"
    with pytest.raises(RuntimeError, match="none.safetensors"):
        opened(name if key == "model" else f"{name}&model={model}")
    process = subprocess.run(["ogr2ogr", "out.gpkg", name], capture_output=True, text=True)
    assert process.returncode != 0 and "none.safetensors" in process.stderr


###############################################################################
# A question about a part infers that part, and answers as the whole does.


def best_few(connection, few=10):
    """The connection with a smallest score that few boxes reach."""
    scores = sorted((f["score"] for f in layer_of(connection)), reverse=True)
    return connection.replace("min_score=0", f"min_score={scores[few]}")


def middling(connection):
    """A score that half of the tanks reach."""
    scores = sorted(f["score"] for f in layer_of(connection) if f["class"] == "tank")
    return scores[len(scores) // 2]


def test_ogr_gaclip_spatial_filter_infers_its_tiles(connection):
    """Tiles of one window: the one that is asked for, and those that its boxes reach into."""
    name = best_few(connection + "&tile_size=64&overlap=0", few=1)
    forget()
    dataset = opened(name)
    layer = dataset.GetLayer(0)
    west, north = scenes.ORIGIN
    layer.SetSpatialFilterRect(west + 31, north - 33, west + 33, north - 31)
    found = layers.rows(layer)
    run = layers.counts(dataset)
    reached = {(0, 0)}
    for fields, _ in found:
        reached |= {(x, y) for x in range(3) for y in range(3)
                    if fields["px_x1"] <= 64 * (x + 1) and fields["px_x2"] >= 64 * x
                    and fields["px_y1"] <= 64 * (y + 1) and fields["px_y2"] >= 64 * y}
    assert run["TILES_RUN"] == run["TILES_KNOWN"] == len(reached) < run["TILES"] == 9
    assert layers.rows(layer) == found
    assert layers.counts(dataset) == run
    layer.SetSpatialFilter(None)
    layers.rows(layer)
    assert layers.counts(dataset)["TILES_RUN"] == 9


@pytest.mark.parametrize("few", [False, True])
def test_ogr_gaclip_any_part_equals_the_whole(connection, few):
    name = (best_few(connection) if few else connection) + "&tile_size=64"
    whole = layer_of(name)
    everything = [(f.GetFID(), f.items(), f.geometry().ExportToIsoWkb()) for f in whole]
    for index, side in enumerate((1, 7, 20, 64)):
        x, y = scenes.ORIGIN[0] + 20 + 31 * index, scenes.ORIGIN[1] - 150 + 29 * index
        bounds = (x, y, x + side, y + side)
        forget()
        part = layer_of(name)
        part.SetSpatialFilterRect(*bounds)
        found = [(f.GetFID(), f.items(), f.geometry().ExportToIsoWkb()) for f in part]
        whole.SetSpatialFilterRect(*bounds)
        ids = set(layers.fids(whole))
        assert found == [row for row in everything if row[0] in ids]


def test_ogr_gaclip_attribute_filter_is_pushed_down(connection):
    dataset = opened(connection)
    layer = dataset.GetLayer(0)
    for query in ("class = 'boat'", "class IN ('boat', 'ship')", "score > 1.5",
                  "class = 'tank' AND class = 'field'"):
        layer.SetAttributeFilter(query)
        assert layer.GetFeatureCount() == 0
    assert layers.counts(dataset)["TILES_RUN"] == 0
    score = middling(connection)
    layer.SetAttributeFilter(f"class = 'TANK' AND score >= {score}")
    wanted = layers.rows(layer)
    layer.SetAttributeFilter(None)
    assert wanted == [r for r in layers.rows(layer)
                      if r[0]["class"] == "tank" and r[0]["score"] >= score]
    assert wanted
    layer.SetAttributeFilter(f"class <> 'tank' OR score < {score}")
    assert len(layers.rows(layer)) + len(wanted) == len(layers.rows(layer_of(connection)))


def test_ogr_gaclip_feature_by_id_alone(connection):
    fid = layers.fids(layer_of(connection))[0]
    whole = layer_of(connection)
    expected = whole.GetFeature(fid)
    forget()
    alone = layer_of(connection)
    found = alone.GetFeature(fid)
    assert found.items() == expected.items() and found.GetFID() == fid
    assert found.geometry().Equals(expected.geometry())


###############################################################################
# Open options filter without asking the model again.


def test_ogr_gaclip_options_filter(connection):
    rows = layers.rows(layer_of(connection))
    shown = opened(connection, classes="field", min_score=middling(connection))
    assert layers.counts(shown)["TILES_RUN"] == 0
    found = layers.rows(shown.GetLayer(0))
    assert layers.counts(shown)["TILES_RUN"] == 0
    assert {row[0]["class"] for row in found} == {"field"}
    assert len(found) < len(rows)


def test_ogr_gaclip_min_score_equals_detect(town, model, connection):
    score = middling(connection)
    expected = detected(town, model, "--min-score", score)
    dataset = opened(connection, min_score=score)
    assert layers.rows(dataset.GetLayer(0)) == expected
    assert layers.counts(dataset)["TILES_RUN"] == 0


def test_ogr_gaclip_min_score_chooses(town, model, connection):
    """From 0.1 on it moves and renumbers no box, so that it does what a filter does."""
    middle = middling(connection)
    likely = calibrated(model, "likely.safetensors", math.log(1 / middle - 1))
    name = f"GACLIP:{town.scene}?classes={CLASSES}&model={likely}"
    datasets = [opened(name, min_score=score) for score in (0.1, 0.4)]
    boxes, found = [
        [(f.GetFID(), f["score"], f.GetGeometryRef().ExportToWkt()) for f in dataset.GetLayer(0)]
        for dataset in datasets
    ]
    expected = [box for box in boxes if box[1] >= 0.4]
    assert 0 < len(expected) < len(boxes)
    assert found == expected
    few = datasets[1].GetLayer(0)
    assert few.GetFeature(expected[0][0]) is not None
    assert few.GetFeature([box[0] for box in boxes if box[1] < 0.4][0]) is None


def test_ogr_gaclip_ids_do_not_depend_on_what_is_kept(town, model, connection, tmp_path):
    """A box has its number whether the model just ran or a result of more boxes is kept."""
    likely = calibrated(model, "likely.safetensors", math.log(1 / middling(connection) - 1))
    ids = {}
    for kept in (False, True):
        scene = tmp_path / f"{kept}.tif"
        gdal.Translate(str(scene), str(town.scene))
        name = f"GACLIP:{scene}?classes={CLASSES}&model={likely}"
        if kept:
            assert opened(name, min_score=0.02).GetLayer(0).GetFeatureCount() > 0
        dataset = opened(name, min_score=0.3)
        layer = dataset.GetLayer(0)
        ids[kept] = [(f.GetFID(), f["score"]) for f in layer]
        for fid, score in ids[kept]:
            assert layer.GetFeature(fid)["score"] == score
    assert ids[True] == ids[False] and len(ids[True]) > 1


def test_ogr_gaclip_unknown_option_is_gdals_warning(connection):
    with_warning = []
    gdal.PushErrorHandler(lambda kind, number, text: with_warning.append(text))
    gdal.OpenEx(connection, gdal.OF_VECTOR, open_options=["TRESHOLD=1"])
    gdal.PopErrorHandler()
    assert any("TRESHOLD" in text for text in with_warning)


###############################################################################
# .gaclip files and their cache.


@pytest.fixture
def file(town, model):
    result = cli.run("gaclip-detect", town.scene, "-c", CLASSES, "--model", model,
                     "--min-score", 0, "-o", "x.gaclip", "-q")
    assert result.returncode == 0, result.stderr
    return "x.gaclip"


def test_ogr_gaclip_file_with_its_result(town, model, file):
    expected = detected(town, model, "--min-score", 0)
    dataset = opened(file)
    found = layers.rows(dataset.GetLayer(0))
    for fields, _ in found + expected:  # the scene is named as seen from the file
        assert pathlib.Path(fields.pop("source")).resolve() == town.scene
    assert found == expected
    assert layers.counts(dataset)["TILES_RUN"] == 0
    with open(file, encoding="utf-8") as text:
        assert json.load(text)["provenance"]["counts"]["written"] == len(expected)


def test_ogr_gaclip_file_of_another_time(town, file):
    rows = layers.rows(layer_of(file))
    os.utime(town.scene, (1000000000, 1000000000))
    dataset = opened(file)
    assert layers.rows(dataset.GetLayer(0)) == rows
    counts = layers.counts(dataset)
    assert counts["TILES_RUN"] == counts["TILES"] > 0
    assert layers.rows(layer_of(file)) == rows


def as_version(whole, digit):
    """A cache that is whole but of another version of its format."""
    text = whole[:7] + digit + whole[8:-4]
    return text + zlib.crc32(text).to_bytes(4, "little")


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other", "version"])
def test_ogr_gaclip_damaged_cache_is_made_anew(file, damage):
    cache = pathlib.Path(file + ".boxes")
    rows, whole = layers.rows(layer_of(file)), cache.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    cache.write_bytes({"empty": b"", "cut": whole[:-7], "flipped": bytes(flipped),
                       "other": b"II*\0" + whole, "version": as_version(whole, b"2")}[damage])
    assert as_version(whole, b"1") == whole
    dataset = opened(file)
    assert layers.rows(dataset.GetLayer(0)) == rows
    assert layers.counts(dataset)["TILES_RUN"] > 0
    assert cache.read_bytes() == whole


def test_ogr_gaclip_cache_that_cannot_be_written(file):
    rows = layers.rows(layer_of(file))
    cache = pathlib.Path(file + ".boxes")
    cache.unlink()
    cache.mkdir()
    (cache / "in the way").touch()
    dataset = opened(file)
    assert layers.rows(dataset.GetLayer(0)) == rows
    assert layers.counts(dataset)["TILES_RUN"] > 0
    again = opened(file)  # which finds it in GDAL's memory
    assert layers.rows(again.GetLayer(0)) == rows
    assert layers.counts(again)["TILES_RUN"] == 0
    assert sorted(p.name for p in pathlib.Path().iterdir()) == ["x.gaclip", "x.gaclip.boxes"]
    (cache / "in the way").unlink()
    cache.rmdir()
    layers.rows(layer_of(file))
    forget()
    later = opened(file)  # which finds the file that could be written at last
    assert layers.rows(later.GetLayer(0)) == rows
    assert layers.counts(later)["TILES_RUN"] == 0


def test_ogr_gaclip_file_in_an_archive(file):
    """It is read there, with its scene, and nothing is added to the archive."""
    text = json.loads(pathlib.Path(file).read_text())
    scene = pathlib.Path(text["scene"])
    expected = layers.rows(layer_of(file))
    with zipfile.ZipFile("x.zip", "w") as archive:
        archive.write(scene, "s.tif")
        archive.writestr("x.gaclip", json.dumps(
            {**text, "scene": "s.tif", "model": str(pathlib.Path(text["model"]).resolve())}))
    whole = pathlib.Path("x.zip").read_bytes()
    for name in ("/vsizip/x.zip/x.gaclip", "GACLIP:/vsizip/x.zip/x.gaclip"):
        dataset = opened(name)
        found = layers.rows(dataset.GetLayer(0))
        assert {fields.pop("source") for fields, _ in found} == {"/vsizip/x.zip/s.tif"}
        assert found == [({k: v for k, v in fields.items() if k != "source"}, geometry)
                         for fields, geometry in expected]
        assert (layers.counts(dataset)["TILES_RUN"] > 0) == (not name.startswith("GACLIP"))
    assert pathlib.Path("x.zip").read_bytes() == whole


# The process ends, or gets an error, in the middle of a write: beyond a file's largest size.
LIMITED = """
import resource, signal, sys
from osgeo import gdal
gdal.UseExceptions()
dataset = gdal.OpenEx(sys.argv[1], gdal.OF_VECTOR)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL if sys.argv[2] == "killed" else signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
print(sum(1 for feature in dataset.GetLayer(0)))
"""


@pytest.mark.parametrize("there", ["nothing", "another"])
@pytest.mark.parametrize("end", ["killed", "full"])
def test_ogr_gaclip_end_while_the_cache_is_written(town, file, there, end):
    rows = layers.rows(layer_of(file))
    cache = pathlib.Path(file + ".boxes")
    old = cache.read_bytes()
    cache.unlink()
    if there == "another":
        cache.write_bytes(old)
        earlier = town.scene.stat().st_mtime - 10
        os.utime(town.scene, (earlier, earlier))
    done = subprocess.run([sys.executable, "-c", LIMITED, file, end], capture_output=True,
                          text=True, timeout=cli.TIMEOUT)
    if end == "killed":
        assert done.returncode == -signal.SIGXFSZ
        left = [p for p in pathlib.Path().iterdir() if p.suffix == ".tmp"]
        assert len(left) == 1
        os.utime(left[0], (1000000000, 1000000000))
    else:
        assert (done.returncode, done.stderr, int(done.stdout)) == (0, "", len(rows))
        assert sorted(p.name for p in pathlib.Path().iterdir()) == (
            ["x.gaclip"] + ["x.gaclip.boxes"] * (there == "another"))
    assert (cache.read_bytes() == old) if there == "another" else not cache.exists()
    dataset = opened(file)
    assert layers.rows(dataset.GetLayer(0)) == rows
    assert layers.counts(dataset)["TILES_RUN"] > 0
    assert sorted(p.name for p in pathlib.Path().iterdir()) == ["x.gaclip", "x.gaclip.boxes"]
    again = opened(file)
    assert layers.rows(again.GetLayer(0)) == rows
    assert layers.counts(again)["TILES_RUN"] == 0


READER = """
import sys
from osgeo import gdal
gdal.UseExceptions()
dataset = gdal.OpenEx(sys.argv[1], gdal.OF_VECTOR)
print(sum(1 for feature in dataset.GetLayer(0)))
"""


def test_ogr_gaclip_two_processes_make_one_cache(file):
    rows = layers.rows(layer_of(file))
    cache = pathlib.Path(file + ".boxes")
    whole = cache.read_bytes()
    cache.unlink()
    readers = [
        subprocess.Popen([sys.executable, "-c", READER, file], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [int(r.communicate(timeout=cli.TIMEOUT)[0]) for r in readers] == [len(rows)] * 4
    assert cache.read_bytes() == whole
    assert sorted(p.name for p in pathlib.Path().iterdir()) == ["x.gaclip", "x.gaclip.boxes"]


def test_ogr_gaclip_interrupted(connection):
    dataset = opened(connection + "&tile_size=64")
    seen = []

    def stop_soon(share, message, payload):
        seen.append(share)
        return len(seen) < 3

    with pytest.raises(RuntimeError, match="interrupted after 3 of 25"):
        dataset.GetNextFeature(callback=stop_soon)
    assert layers.counts(dataset)["TILES_RUN"] == 3
    feature = dataset.GetNextFeature()
    assert feature is not None and layers.counts(dataset)["TILES_RUN"] == 25


###############################################################################
# Read-only, and honest about it.


def test_ogr_gaclip_update_is_refused(file):
    with pytest.raises(RuntimeError):
        gdal.OpenEx(file, gdal.OF_VECTOR | gdal.OF_UPDATE)
    driver = gdal.GetDriverByName("GACLIP")
    assert driver.GetMetadataItem(gdal.DCAP_CREATE) is None
    assert driver.GetMetadataItem(gdal.DCAP_CREATECOPY) is None


def test_ogr_gaclip_examination(connection):
    ogrsf.examine(layer_of(connection))


def test_ogr_gaclip_test_ogrsf(connection):
    if ogrsf.program() is None:
        pytest.skip("test_ogrsf is not there; packaging/build-test-ogrsf.sh builds it")
    said = ogrsf.run(connection)
    assert "INFO" in said and "ERROR" not in said and "FAILURE" not in said, said


###############################################################################
# Regions and phrases.


def test_ogr_gaclip_alignments(town, model):
    name = f"GACLIP:{town.scene}?classes={CLASSES}&model={model}&regions={town.annotations}" \
           "&phrase_field=kind"
    dataset = opened(name)
    assert [dataset.GetLayer(i).GetName() for i in range(2)] == ["detections", "alignments"]
    layer = dataset.GetLayerByName("alignments")
    assert layer.GetFeatureCount() == len(scenes.TANKS)
    for feature in layer:
        assert feature["phrase"] == "tank" and feature["rank"] in (1, 2)
        assert feature["candidates"] == 2 and feature["third"] is None
        assert feature["best_similarity"] >= feature["second_similarity"]
    ogrsf.examine(layer)
    result = cli.run("gaclip-align", town.scene, town.annotations, "-p", CLASSES,
                     "--phrase-field", "kind", "--model", model, "-o", "aligned.gpkg")
    assert result.returncode == 0, result.stderr
    copy = gdal.OpenEx("aligned.gpkg", gdal.OF_VECTOR)
    layer.ResetReading()
    assert layers.rows(copy.GetLayerByName("alignments")) == layers.rows(layer)
