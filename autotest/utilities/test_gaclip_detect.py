"""gaclip-detect: what it writes, and what it says when it cannot."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3

import pytest
from osgeo import gdal, ogr

import cli
import scenes

DETECT = "gaclip-detect"


@pytest.fixture
def asked(town, model):
    """Arguments that find something: the model knows little, so every box is kept."""
    return [town.scene, "--classes", "tank,field", "--model", model, "--min-score", 0]


def test_gaclip_detect_gpkg(asked, tmp_path):
    result = cli.run(DETECT, *asked, "-o", "found.gpkg", "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    summary = json.loads(result.stdout)["scenes"][0]
    dataset = ogr.Open("found.gpkg")
    layer = dataset.GetLayerByName("detections")
    assert layer.GetFeatureCount() == summary["written"] == sum(summary["classes"].values()) > 0
    assert layer.GetSpatialRef().IsSame(scenes.crs())
    definition = layer.GetLayerDefn()
    names = {definition.GetFieldDefn(i).GetName() for i in range(definition.GetFieldCount())}
    assert {"class", "score", "similarity", "objectness", "prompt", "tile", "source"} <= names
    assert {feature["class"] for feature in layer} <= {"tank", "field"}
    west, east, south, north = layer.GetExtent()
    assert west < scenes.ORIGIN[0] + scenes.SIDE and east > scenes.ORIGIN[0]
    assert south < scenes.ORIGIN[1] and north > scenes.ORIGIN[1] - scenes.SIDE


def test_gaclip_detect_classes_in_latin_1(town, model, tmp_path):
    (tmp_path / "classes.txt").write_bytes("tank\nforêt\n".encode("latin-1"))
    arguments = [town.scene, "--classes-file", "classes.txt", "--model", model]
    cli.assert_fails(DETECT, *arguments, names=["classes.txt", "2", "UTF-8"])


def test_gaclip_detect_classes_file_with_comments(town, model, tmp_path):
    (tmp_path / "classes.txt").write_text("# what we look for\n\ntank\n  # later\n")
    result = cli.run(DETECT, town.scene, "--classes-file", "classes.txt", "--model", model, "--json")
    assert result.returncode == 0, result.stderr
    assert list(json.loads(result.stdout)["scenes"][0]["classes"]) == ["tank"]


def test_gaclip_detect_default_output(asked, tmp_path):
    result = cli.run(DETECT, *asked)
    assert result.returncode == 0, result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["town_detections.gpkg"]
    assert "town_detections.gpkg" in result.stdout


def test_gaclip_detect_nothing_of_a_class_never_learned(town, model):
    """Of one that was learned, nothing found is no surprise; of another it may be."""
    ask = [town.scene, "-m", model, "-c", "tank,zebra", "--min-score", 1, "-o", "found.gpkg"]
    result = cli.run(DETECT, *ask)
    assert (result.returncode, result.stderr.count("\n")) == (0, 1)
    assert "NOTE" in result.stderr and '"zebra"' in result.stderr and '"tank"' not in result.stderr
    assert cli.run(DETECT, *ask, "--overwrite", "--quiet").stderr == ""
    assert cli.run(DETECT, *ask, "--resume").stderr == ""


def test_gaclip_detect_quiet(asked):
    result = cli.run(DETECT, *asked, "-q")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_gaclip_detect_same_bytes_twice(asked):
    for name in ("one.geojson", "two.geojson"):
        assert cli.run(DETECT, *asked, "-o", name, "-j", 2).returncode == 0
    one, two = (boxes_of(name) for name in ("one.geojson", "two.geojson"))
    assert one == two


def boxes_of(name):
    with open(name, encoding="utf-8") as file:
        return json.load(file)["features"]


def test_gaclip_detect_geojson_is_rfc7946(asked):
    assert cli.run(DETECT, *asked, "-o", "found.geojson").returncode == 0
    with open("found.geojson", encoding="utf-8") as file:
        collection = json.load(file)
    assert "crs" not in collection
    for feature in collection["features"]:
        ring = feature["geometry"]["coordinates"][0]
        assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:]))
        assert area > 0  # exterior rings run counter-clockwise


def test_gaclip_detect_destination_crs(asked):
    result = cli.run(DETECT, *asked, "-o", "found.gpkg", "-t_srs", "EPSG:3857")
    assert result.returncode == 0, result.stderr
    dataset = ogr.Open("found.gpkg")  # its layers die with it
    assert dataset.GetLayer(0).GetSpatialRef().GetAuthorityCode(None) == "3857"


def test_gaclip_detect_bbox(asked):
    x, y = scenes.ORIGIN
    result = cli.run(DETECT, *asked, "-o", "found.gpkg", "-te", x, y - 64, x + 64, y)
    assert result.returncode == 0, result.stderr
    dataset = ogr.Open("found.gpkg")
    west, east, south, north = dataset.GetLayer(0).GetExtent()
    assert east <= x + 64 + 1e-6 and south >= y - 64 - 1e-6


def test_gaclip_detect_classes_file(asked, town, model):
    with open("classes.txt", "w", encoding="utf-8") as file:
        file.write("\ufefftank\r\n\r\n  large field \n")
    result = cli.run(DETECT, town.scene, "--classes-file", "classes.txt", "--model", model, "--json")
    assert result.returncode == 0, result.stderr
    assert list(json.loads(result.stdout)["scenes"][0]["classes"]) == ["tank", "large field"]


def test_gaclip_detect_model_from_environment(asked, town, model):
    result = cli.run(DETECT, town.scene, "-c", "tank", "--config", "GACLIP_MODEL", model)
    assert result.returncode == 0, result.stderr


def test_gaclip_detect_existing_output(asked):
    assert cli.run(DETECT, *asked, "-o", "found.gpkg").returncode == 0
    cli.assert_fails(DETECT, *asked, "-o", "found.gpkg", names=["found.gpkg", "--overwrite"])
    assert cli.run(DETECT, *asked, "-o", "found.gpkg", "--overwrite").returncode == 0


def test_gaclip_detect_journal_of_the_old_output(asked):
    """What another program still holds of the database that was there gets into no new one."""
    assert cli.run(DETECT, *asked, "-o", "found.gpkg").returncode == 0
    held = sqlite3.connect("found.gpkg")
    held.execute("PRAGMA journal_mode=WAL")
    held.execute("CREATE TABLE of_the_old_one (id INTEGER)")
    held.commit()
    assert pathlib.Path("found.gpkg-wal").stat().st_size > 0
    assert cli.run(DETECT, *asked, "-o", "found.gpkg", "--overwrite").returncode == 0
    new = sqlite3.connect("found.gpkg")
    names = {name for name, in new.execute("SELECT name FROM sqlite_master")}
    new.close()
    held.close()
    assert "detections" in names and "of_the_old_one" not in names


def enlarge(town, model, side):
    """Arguments of a run over big.tif, the town with that many pixels a side."""
    gdal.Translate("big.tif", str(town.scene), width=side, height=side)
    return ["big.tif", "-c", "tank", "--model", model, "--gsd", 1, "-o", "found.gpkg"]


@pytest.fixture
def long_run(town, model):
    return enlarge(town, model, 2500)


def interrupt(arguments):
    """Ctrl-C after the first tiles; what was said."""
    process, terminal = cli.start_on_terminal(DETECT, *arguments)
    assert "tiles/s" in cli.read_until(terminal, "tiles/s")
    process.send_signal(signal.SIGINT)
    said = cli.read_until(terminal, None)
    assert process.wait(timeout=cli.TIMEOUT) == 130, said
    return said


def features_of(name):
    """What the layer holds, without the numbers of its rows."""
    dataset = ogr.Open(name)
    return [
        (feature.GetGeometryRef().ExportToWkt(), feature["class"], feature["score"], feature["tile"])
        for feature in dataset.GetLayer(0)
    ]


def test_gaclip_detect_interrupt(long_run, tmp_path):
    """Ctrl-C leaves nothing under the target's name, and beside it what was found."""
    before = cli.snapshot(tmp_path)
    said = interrupt(long_run)
    assert said.count("FAILURE") == 1 and "--resume" in said
    assert set(cli.snapshot(tmp_path)) - set(before) == {
        tmp_path / "found.gpkg.unfinished"
    }


def test_gaclip_detect_resume(town, model, tmp_path):
    """The rest of the tiles alone are run, and the layer is that of a run in one go."""
    asked = [*enlarge(town, model, 640), "--tile-size", 64, "--min-score", 0.02]
    interrupt(asked)
    result = cli.run(DETECT, *asked, "--resume", "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)["scenes"][0]
    assert 0 < summary["tiles_resumed"] < summary["tiles"]
    assert not (tmp_path / "found.gpkg.unfinished").exists()
    resumed = features_of("found.gpkg")
    assert cli.run(DETECT, *asked, "--overwrite").returncode == 0
    assert resumed == features_of("found.gpkg") and resumed


def test_gaclip_detect_killed(long_run):
    """Nothing but what a run with --resume can use is left."""
    before = os.listdir()
    process, terminal = cli.start_on_terminal(DETECT, *long_run)
    cli.read_until(terminal, "tiles/s")
    process.kill()
    process.wait(timeout=cli.TIMEOUT)
    assert set(os.listdir()) - set(before) <= {"found.gpkg.unfinished"}


def test_gaclip_detect_resume_refuses_other_options(long_run, tmp_path):
    interrupt(long_run)
    left = cli.snapshot(tmp_path)
    others = ["--min-score", 0.4], ["--finer", 1], ["--bands", 1]
    names = "options.min_score", "options.finer", "bands"
    for other, name in zip(others, names):
        cli.assert_fails(
            DETECT, *long_run, "--resume", *other, names=["found.gpkg.unfinished", name]
        )
    os.utime("big.tif", (0, 0))
    cli.assert_fails(DETECT, *long_run, "--resume", names=["(scene)"])
    (tmp_path / "found.gpkg.unfinished").write_bytes(b"GACLIPB1 and no more")
    cli.assert_fails(DETECT, *long_run, "--resume", names=["found.gpkg.unfinished", "damaged"])
    assert sorted(left) == sorted(cli.snapshot(tmp_path))


def test_gaclip_detect_resume_passes_over(asked, town):
    """What is there is kept; what was never begun is begun."""
    shutil.copy(town.scene, "other.tif")
    assert cli.run(DETECT, *asked, "-o", "town_detections.gpkg").returncode == 0
    before = os.stat("town_detections.gpkg").st_mtime_ns
    result = cli.run(DETECT, *asked, "other.tif", "--resume", "--json")
    assert result.returncode == 0, result.stderr
    first, second = json.loads(result.stdout)["scenes"]
    assert first["passed_over"] and "passed_over" not in second and second["written"] > 0
    assert os.stat("town_detections.gpkg").st_mtime_ns == before
    assert features_of("other_detections.gpkg") == features_of("town_detections.gpkg")


def centre(feature):
    west, east, south, north = feature.GetGeometryRef().GetEnvelope()
    return (west + east) / 2, (south + north) / 2


def write_area(path, wkts, code=26915):
    """Polygons over the town, in that CRS."""
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    layer = dataset.CreateLayer("area", scenes.crs(code), ogr.wkbUnknown)
    for wkt in wkts:
        geometry = ogr.CreateGeometryFromWkt(wkt)
        geometry.AssignSpatialReference(scenes.crs())
        geometry.TransformTo(scenes.crs(code))
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(geometry)
        layer.CreateFeature(feature)


def triangle(column, row, side):
    x, y = scenes.ORIGIN[0] + column, scenes.ORIGIN[1] - row
    return f"POLYGON (({x} {y}, {x + side} {y}, {x} {y - side}, {x} {y}))"


@pytest.mark.parametrize("code", [26915, 4326])
def test_gaclip_detect_aoi(asked, code):
    """The boxes of the whole scene whose centre lies in the polygons, in whatever CRS they are."""
    wkts = [triangle(0, 0, 90), triangle(20, 20, 90), triangle(130, 140, 40)]
    write_area("area.gpkg", [*wkts, "POINT (440100 4649900)"], code)
    assert cli.run(DETECT, *asked, "-o", "all.gpkg", "--tile-size", 64).returncode == 0
    result = cli.run(
        DETECT, *asked, "-o", "some.gpkg", "--tile-size", 64, "--aoi", "area.gpkg", "--json"
    )
    assert result.returncode == 0, result.stderr
    area = ogr.CreateGeometryFromWkt("GEOMETRYCOLLECTION (" + ", ".join(wkts) + ")").Buffer(0)
    whole, part = ogr.Open("all.gpkg"), ogr.Open("some.gpkg")
    inside = [
        feature.GetGeometryRef().ExportToWkt()
        for feature in whole.GetLayer(0)
        if area.Contains(ogr.CreateGeometryFromWkt("POINT (%.17g %.17g)" % centre(feature)))
    ]
    found = [feature.GetGeometryRef().ExportToWkt() for feature in part.GetLayer(0)]
    assert sorted(found) == sorted(inside) and found
    assert len(inside) < whole.GetLayer(0).GetFeatureCount()


def test_gaclip_detect_aoi_saves_work(asked):
    write_area("area.gpkg", [triangle(0, 0, 10)])
    options = ["--tile-size", 32, "-o", "found.gpkg", "--overwrite", "--json"]
    tiles = [
        json.loads(cli.run(DETECT, *asked, *options, *more).stdout)["scenes"][0]["tiles"]
        for more in ([], ["--aoi", "area.gpkg"])
    ]
    assert 0 < tiles[1] < tiles[0]


def test_gaclip_detect_aoi_of_no_use(asked, town):
    write_area("far.gpkg", [triangle(5000, 0, 90)])
    write_area("points.gpkg", ["POINT (440100 4649900)"])
    failing = [
        (["--aoi", "far.gpkg"], ["far.gpkg", "town.tif"]),
        (["--aoi", "points.gpkg"], ["points.gpkg", "no polygons"]),
        (["--aoi", "nothing.gpkg"], ["nothing.gpkg"]),
        (["--aoi", "far.gpkg", "--aoi-layer", "wood"], ["wood", "area"]),
        (["--aoi-layer", "wood"], ["--aoi"]),
        (["--aoi", town.annotations, "-o", town.annotations, "--overwrite"], ["tanks.gpkg"]),
        (["--aoi", "far.gpkg", "-o", "found.gaclip"], ["found.gaclip", "--aoi"]),
    ]
    for arguments, names in failing:
        cli.assert_fails(DETECT, *asked, *arguments, names=names)


def test_gaclip_detect_quicklook(asked, town):
    """The picture is the scene, but for lines around the boxes, in the colours of the classes."""
    arguments = [*asked, "-o", "found.gpkg", "--quicklook", "found.png"]
    assert cli.run(DETECT, *arguments).returncode == 0
    seen, scene = (gdal.Open(str(name)).ReadAsArray() for name in ("found.png", town.scene))
    assert seen.shape == scene.shape
    drawn = (seen != scene).any(axis=0)
    colours = {tuple(seen[:, y, x]) for y, x in zip(*drawn.nonzero())}
    assert colours and colours <= {(213, 94, 0), (0, 114, 178)}
    dataset = ogr.Open("found.gpkg")
    best = max(dataset.GetLayer(0), key=lambda feature: feature["score"])
    left, right = int(best["px_x1"]), int(best["px_x2"]) + 1
    top, bottom = int(best["px_y1"]), int(best["px_y2"]) + 1
    middle = (top + bottom) // 2
    assert any(drawn[middle, x] for x in (left - 1, right) if 0 <= x < scenes.SIDE)
    cli.assert_fails(DETECT, *asked, "-o", "b.gpkg", "--quicklook", "found.png", names=["found.png"])
    cli.assert_fails(
        DETECT, *asked, "-o", "b.gpkg", "--quicklook", town.scene, "--overwrite", names=["town.tif"]
    )
    cli.assert_fails(
        DETECT, *asked, "-o", "b.gpkg", "--quicklook", asked[4], "--overwrite", names=["an input"]
    )
    cli.assert_fails(DETECT, *asked, "-o", "b.gpkg", "--quicklook", "none/b.png", names=["none/b.png"])
    assert not os.path.exists("b.gpkg")


def test_gaclip_detect_layer_options(asked):
    """What the driver does not know is no warning that nobody reads."""
    assert cli.run(DETECT, *asked, "-o", "a.gpkg", "-lco", "geometry_name=place").returncode == 0
    dataset = ogr.Open("a.gpkg")
    assert dataset.GetLayer(0).GetGeometryColumn() == "place"
    names = ["GEOMETRY_NAM", "GPKG", "GEOMETRY_NAME"]
    cli.assert_fails(DETECT, *asked, "-o", "b.gpkg", "--lco", "GEOMETRY_NAM=place", names=names)


def test_gaclip_detect_missing_file(model):
    cli.assert_fails(DETECT, "nothing.tif", "-c", "tank", "--model", model, names=["nothing.tif"])


def test_gaclip_detect_not_a_raster(model):
    with open("words.tif", "w", encoding="utf-8") as file:
        file.write("no raster at all")
    cli.assert_fails(DETECT, "words.tif", "-c", "tank", "--model", model, names=["words.tif"])


def test_gaclip_detect_vector_as_scene(town, model):
    cli.assert_fails(
        DETECT, town.annotations, "-c", "tank", "--model", model, names=["tanks.gpkg"]
    )


@pytest.mark.parametrize("lacking", ["with_crs", "with_geotransform"])
def test_gaclip_detect_not_georeferenced(model, lacking):
    scenes.write_raster("plain.tif", **{lacking: False})
    arguments = ["plain.tif", "-c", "tank", "--model", model]
    cli.assert_fails(DETECT, *arguments, names=["plain.tif", "--gsd"])
    assert cli.run(DETECT, *arguments, "--gsd", 1).returncode == 0


def test_gaclip_detect_unwritable_output(asked):
    cli.assert_fails(DETECT, *asked, "-o", "no/such/folder/found.gpkg", names=["no/such/folder"])


@pytest.mark.parametrize("folder", ["/vsizip/a.zip", "/vsigzip/a.gz", "/vsistdout"])
def test_gaclip_detect_output_into_an_archive(asked, folder):
    name = f"{folder}/found.gpkg"
    cli.assert_fails(DETECT, *asked, "-o", name, names=[name, "renamed"])
    cli.assert_fails(DETECT, *asked, "-o", "/vsistdout", "--of", "GPKG", names=["renamed"])


def test_gaclip_detect_output_is_a_folder(asked, tmp_path):
    (tmp_path / "found.gpkg").mkdir()
    cli.assert_fails(DETECT, *asked, "-o", "found.gpkg", "--overwrite", names=["found.gpkg"])


def test_gaclip_detect_output_is_an_input(town, model, tmp_path):
    """Under its own name or another one, it stays as it was."""
    scene = tmp_path / "scene.tif"
    shutil.copy(town.scene, scene)
    (tmp_path / "link.tif").hardlink_to(scene)
    shutil.copy(model, tmp_path / "model.safetensors")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for output in before:
        arguments = ["-c", "tank", "-m", "model.safetensors", "-o", output, "-of", "GeoJSON"]
        cli.assert_fails(DETECT, "scene.tif", *arguments, "--overwrite", names=[output, "input"])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["pipe.gpkg", "pipe.gaclip"])
def test_gaclip_detect_output_is_no_file(asked, tmp_path, name):
    os.mkfifo(tmp_path / name)
    cli.assert_fails(DETECT, *asked, "-o", name, "--overwrite", names=[name, "ordinary"])
    assert (tmp_path / name).is_fifo()


def test_gaclip_detect_default_output_of_several_extensions(asked, tmp_path):
    assert cli.run(DETECT, *asked, "-of", "GeoJSON").returncode == 0
    assert [p.name for p in tmp_path.iterdir()] == ["town_detections.geojson"]


def test_gaclip_detect_unknown_format(asked):
    cli.assert_fails(DETECT, *asked, "-of", "NOPE", names=["NOPE", "--formats"])


def test_gaclip_detect_unknown_extension(asked):
    cli.assert_fails(DETECT, *asked, "-o", "found.nope", names=["found.nope", "--of"])


def test_gaclip_detect_bad_crs(asked):
    cli.assert_fails(DETECT, *asked, "--dst-crs", "EPSG:999999", names=["EPSG:999999"])


@pytest.mark.parametrize("name", ["found.gpkg", "found.shp", "found.geojson"])
def test_gaclip_detect_across_the_antimeridian(asked, name):
    """A box that crosses it is as wide in degrees as the others are."""
    gdal.GetDriverByName("GTiff").CreateCopy("edge.tif", gdal.Open(str(asked[0])))
    edge = gdal.Open("edge.tif", gdal.GA_Update)
    edge.SetSpatialRef(scenes.crs(32601))
    edge.SetGeoTransform((166021.44 - scenes.SIDE / 2, 1, 0, 96, 0, -1))
    edge = None
    result = cli.run(DETECT, "edge.tif", *asked[1:], "-o", name, "--dst-crs", "EPSG:4326")
    assert result.returncode == 0, result.stderr
    dataset = ogr.Open(name)
    layer = dataset.GetLayer(0)
    extents = [feature.geometry().GetEnvelope() for feature in layer]
    assert any(west < 180 < east for west, east, *_ in extents)
    assert all(east - west < 0.002 for west, east, *_ in extents)
    assert layer.GetGeomType() == ogr.wkbPolygon


def test_gaclip_detect_csv(asked):
    """With its places on the ground."""
    assert cli.run(DETECT, *asked, "-o", "found.csv").returncode == 0
    dataset = ogr.Open("found.csv")
    layer = dataset.GetLayer(0)
    assert layer.GetFeatureCount() > 0
    assert all(feature.geometry().GetArea() > 0 for feature in layer)


def test_gaclip_detect_format_without_fields(asked, tmp_path):
    cli.assert_fails(DETECT, *asked, "-o", "found.dxf", names=["found.dxf", "DXF", "ogr2ogr"])
    assert not list(tmp_path.iterdir())


def test_gaclip_detect_quicklook_is_png(asked):
    cli.assert_fails(DETECT, *asked, "--quicklook", "look.jpg", names=["look.jpg", ".png"])


def test_gaclip_detect_to_standard_output(asked, tmp_path):
    cli.assert_fails(DETECT, *asked, "-o", "-", "-of", "GeoJSON", names=["write to a folder"])
    assert not list(tmp_path.iterdir())


def test_gaclip_detect_coarse_pixels(asked):
    result = cli.run(DETECT, *asked, "--gsd", 30, "--bbox", "440000,4649990,440010,4650000")
    assert "NOTE" in result.stderr and "30 m" in result.stderr
    assert "NOTE" not in cli.run(DETECT, *asked, "--overwrite").stderr


def test_gaclip_detect_model_of_the_environment(town, monkeypatch):
    monkeypatch.setenv("GACLIP_MODEL", "nowhere.safetensors")
    arguments = [town.scene, "-c", "tank"]
    cli.assert_fails(DETECT, *arguments, names=["nowhere.safetensors", "GACLIP_MODEL"])


@pytest.mark.parametrize("bands", ["4", "1,2", "1,2,9"])
def test_gaclip_detect_bad_bands(asked, bands):
    cli.assert_fails(DETECT, *asked, "--bands", bands)


def test_gaclip_detect_bad_scale(asked):
    cli.assert_fails(DETECT, *asked, "--scale", "sometimes", names=["sometimes"])


def test_gaclip_detect_bbox_outside(asked):
    cli.assert_fails(DETECT, *asked, "--bbox", "0,0,10,10", names=["bbox"])


def test_gaclip_detect_empty_classes(town, model):
    cli.assert_fails(
        DETECT, town.scene, "--classes", "", "--model", model, names=["--classes"], exit_code=2
    )


def test_gaclip_detect_no_classes(town, model):
    cli.assert_fails(DETECT, town.scene, "--model", model, names=["--classes"])


def test_gaclip_detect_empty_classes_file(town, model):
    open("classes.txt", "w", encoding="utf-8").close()
    cli.assert_fails(
        DETECT, town.scene, "--classes-file", "classes.txt", "--model", model, names=["classes.txt"]
    )


def test_gaclip_detect_missing_model(town):
    cli.assert_fails(
        DETECT, town.scene, "-c", "tank", "--model", "no.safetensors", names=["no.safetensors"]
    )


def test_gaclip_detect_one_output_for_two_scenes(asked, town):
    cli.assert_fails(DETECT, town.scene, *asked, "-o", "found.gpkg", names=["found.gpkg"])


def test_gaclip_detect_unknown_option(asked):
    cli.assert_fails(DETECT, *asked, "--treshold", 1, names=["--treshold", "--help"], exit_code=2)


def test_gaclip_detect_help():
    result = cli.run(DETECT, "--help")
    assert result.returncode == 0
    assert "--min-score" in result.stdout and "--config" in result.stdout


def test_gaclip_detect_utility_version():
    assert "GDAL" in cli.run(DETECT, "--utility_version").stdout


def test_gaclip_detect_gaclip_file(asked, tmp_path):
    result = cli.run(DETECT, *asked, "-of", "GACLIP", "--json")
    assert result.returncode == 0, result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "town_detections.gaclip", "town_detections.gaclip.boxes"
    ]
    with open("town_detections.gaclip", encoding="utf-8") as file:
        stored = json.load(file)
    assert list(stored)[0] == "gaclip" and stored["classes"] == ["tank", "field"]
    counts = json.loads(result.stdout)["scenes"][0]
    assert stored["provenance"]["counts"]["written"] == counts["written"] > 0


def test_gaclip_detect_finer(asked):
    """The file asks the same again: it says the scales that were looked at."""
    for finer in (0, 1):
        result = cli.run(DETECT, *asked, "--finer", finer, "-o", f"{finer}.gaclip", "--json")
        assert result.returncode == 0, result.stderr
        with open(f"{finer}.gaclip", encoding="utf-8") as file:
            stored = json.load(file)
        assert stored["finer"] == stored["provenance"]["options"]["finer"] == finer
    cli.assert_fails(DETECT, *asked, "--finer", 3, names=["--finer", "2"], exit_code=2)


@pytest.mark.parametrize("option", [["-t_srs", "EPSG:4326"], ["-lco", "A=B"], ["-nln", "a"]])
def test_gaclip_detect_gaclip_file_takes_no_such_option(asked, option):
    cli.assert_fails(DETECT, *asked, "-o", "x.gaclip", *option, names=["x.gaclip", "ogr2ogr"])


def test_gaclip_detect_open_options(asked):
    """They reach the raster's driver, and go into the files that ask the same again."""
    plain = [*asked, "-oo", "GEOREF_SOURCES=NONE"]
    cli.assert_fails(DETECT, *plain, "-o", "a.gpkg", names=["--gsd"])
    extents = []
    for name in ["a.gpkg", "a.gaclip"]:
        result = cli.run(DETECT, *plain, "--gsd", 1, "-o", name, "-q")
        assert result.returncode == 0, result.stderr
        dataset = gdal.OpenEx(name, gdal.OF_VECTOR)
        extents.append([round(at, 3) for at in dataset.GetLayer(0).GetExtent()])
    assert extents[0] == extents[1]
    assert all(-scenes.SIDE <= at <= scenes.SIDE for at in extents[0])


def test_gaclip_detect_existing_gaclip_file(asked, tmp_path):
    (tmp_path / "x.gaclip").write_text("mine")
    cli.assert_fails(DETECT, *asked, "-o", "x.gaclip", names=["x.gaclip", "--overwrite"])
