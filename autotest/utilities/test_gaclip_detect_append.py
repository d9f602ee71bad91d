"""gaclip-detect --append: one layer for many runs, which lose nothing that is there."""

import json
import shutil

import pytest
from osgeo import gdal, ogr

import cli
import scenes

DETECT = "gaclip-detect"


@pytest.fixture
def asked(model):
    """All but scene and classes."""
    return ["--model", model, "--min-score", 0, "-o", "found.gpkg"]


@pytest.fixture
def pair(town):
    """Two scenes, the second one some way off."""
    shutil.copy(town.scene, "one.tif")
    gdal.Translate("two.tif", str(town.scene), outputBounds=(450000, 4650000, 450192, 4649808))
    return ["one.tif", "two.tif"]


def detect(*arguments):
    result = cli.run(DETECT, *arguments)
    assert result.returncode == 0, result.stderr
    return result


def rows(layer_name="detections", name="found.gpkg"):
    dataset = ogr.Open(name)
    layer = dataset.GetLayerByName(layer_name)
    return [(feature.items(), feature.geometry().ExportToWkt()) for feature in layer]


def metadata():
    dataset = gdal.OpenEx("found.gpkg", gdal.OF_VECTOR)
    return dataset.GetLayerByName("detections").GetMetadata()


def style():
    dataset = ogr.Open("found.gpkg")
    texts = [row["styleQML"] for row in dataset.GetLayerByName("layer_styles")]
    assert len(texts) == 1
    return texts[0]


def sql(statement):
    dataset = gdal.OpenEx("found.gpkg", gdal.OF_VECTOR | gdal.OF_UPDATE)
    dataset.ExecuteSQL(statement)


def test_gaclip_detect_append_scenes(asked, pair, tmp_path):
    expected = []
    for scene in pair:
        detect(scene, "-c", "tank", *asked)
        expected += rows()
        (tmp_path / "found.gpkg").unlink()
    detect(*pair, "-c", "tank", *asked, "--append")
    assert rows() == expected
    facts = metadata()
    assert facts["GACLIP_SCENE"] == "one.tif"
    second = json.loads(facts["GACLIP_RUN_2"])
    assert second["scene"] == "two.tif" and second["counts"]["written"] > 0
    assert "GACLIP_RUN_3" not in facts
    index = gdal.OpenEx("found.gpkg").ExecuteSQL("SELECT HasSpatialIndex('detections', 'geom')")
    assert index.GetNextFeature()[0] == 1


def test_gaclip_detect_append_twice(asked, pair):
    """The same again is said to be there twice."""
    command = ["gaclip-detect", pair[0], "-c", "tank", *asked, "--append"]
    assert cli.run(*command).stderr == ""
    again = cli.run(*command)
    assert again.returncode == 0 and again.stderr.count("NOTE") == 1
    assert "found.gpkg" in again.stderr and "--resume" in again.stderr
    assert cli.run(*command, "--resume").stderr == ""


def test_gaclip_detect_append_classes(asked, pair):
    """The style gets their colours behind those that are there."""
    detect(pair[0], "-c", "tank", *asked)
    first, before = rows(), style()
    detect(pair[0], "-c", "field,tank", *asked, "-append")
    assert rows()[: len(first)] == first
    assert {fields["class"] for fields, _ in rows()} == {"tank", "field"}
    after = style()
    assert after.index('value="tank"') < after.index('value="field"')
    assert before.split("</categories>")[0] in after


def test_gaclip_detect_append_keeps_a_changed_style(asked, pair):
    detect(pair[0], "-c", "tank", *asked)
    sql("UPDATE layer_styles SET styleQML = replace(styleQML, 'solid', 'dash')")
    detect(pair[0], "-c", "field", *asked, "--append")
    assert "dash" in style() and 'value="field"' not in style()


def test_gaclip_detect_append_layer(asked, pair):
    """Layers of several names live in one file, beside others' own."""
    scenes.write_boxes("found.gpkg", scenes.TANKS)
    detect(pair[0], "-c", "tank", *asked, "--append")
    detect(pair[1], "-c", "field", *asked, "--append", "-nln", "fields")
    assert len(rows("found")) == len(scenes.TANKS)
    assert {fields["class"] for fields, _ in rows()} == {"tank"}
    assert {fields["class"] for fields, _ in rows("fields")} == {"field"}


def test_gaclip_detect_append_other_crs(asked, pair):
    """Boxes are brought to the layer's CRS."""
    detect(pair[0], "-c", "tank", *asked, "--dst-crs", "EPSG:4326")
    first = rows()
    detect(pair[1], "-c", "tank", *asked, "--append")
    dataset = ogr.Open("found.gpkg")
    west, east, south, north = dataset.GetLayerByName("detections").GetExtent()
    assert -94 < west < east < -93 and 41 < south < north < 43
    assert len(rows()) > len(first)
    cli.assert_fails(DETECT, pair[1], "-c", "tank", *asked, "--append", "--dst-crs", "EPSG:3857",
                     names=["EPSG:3857", "detections"])


def test_gaclip_detect_append_without_crs(asked, pair):
    scenes.write_raster("plain.tif", with_crs=False)
    arguments = ["plain.tif", "-c", "tank", *asked, "--gsd", 1]
    detect(*arguments)
    first = rows()
    detect(*arguments, "--append")
    assert rows() == first + first
    cli.assert_fails(DETECT, pair[0], "-c", "tank", *asked, "--append", names=["one.tif", "CRS"])
    detect(pair[0], "-c", "tank", *asked, "--overwrite")
    cli.assert_fails(DETECT, *arguments, "--append", names=["plain.tif", "CRS"])


def test_gaclip_detect_append_resume(asked, pair):
    """Scenes that were appended with the same options are not looked at again."""
    detect(pair[0], "-c", "tank", *asked)
    first = rows()
    result = detect(*pair, "-c", "tank", *asked, "--append", "--resume")
    assert "one.tif: passed over" in result.stdout
    assert rows()[: len(first)] == first
    assert [fields["source"] for fields, _ in rows()].count("one.tif") == len(first)
    everything = rows()
    result = detect(*pair, "-c", "tank", *asked, "--append", "--resume", "--json")
    report = json.loads(result.stdout)["scenes"]
    assert [entry.get("passed_over") for entry in report] == [True, True]
    assert rows() == everything
    result = detect(*pair, "-c", "field", *asked, "--append", "--resume")
    assert "passed over" not in result.stdout and len(rows()) > len(everything)
    # It is the scene that counts, not how its name is spelled; one that changed is another.
    line = ["-c", "tank", *asked, "--append", "--resume"]
    assert "passed over" in detect("./one.tif", *line).stdout
    shutil.copy("two.tif", "one.tif")
    assert "passed over" not in detect("one.tif", *line).stdout


def test_gaclip_detect_append_failure(asked, pair):
    """Nothing of a run that fails is left behind, in the layer and beside it."""
    detect(pair[0], "-c", "tank", *asked)
    before, before_style = rows(), style()
    sql("CREATE TRIGGER refuse BEFORE INSERT ON detections WHEN NEW.class = 'field' AND "
        "(SELECT count(*) FROM detections) > %d BEGIN SELECT RAISE(ABORT, 'no more'); END"
        % (len(before) + 2))
    result = cli.run(DETECT, pair[0], "-c", "field,tank", *asked, "--append")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1 and "no more" in result.stderr
    assert rows() == before and style() == before_style
    assert "GACLIP_RUN_2" not in metadata()
    # What was found is kept, and goes in when there is room again.
    sql("DROP TRIGGER refuse")
    result = detect(pair[0], "-c", "field,tank", *asked, "--append", "--resume", "--json")
    report = json.loads(result.stdout)["scenes"][0]
    assert report["tiles_resumed"] == report["tiles"] > 0
    assert len(rows()) == len(before) + report["written"]


def test_gaclip_detect_append_failure_of_a_new_layer(asked, pair):
    scenes.write_boxes("found.gpkg", scenes.TANKS)
    sql("CREATE TRIGGER refuse BEFORE INSERT ON gpkg_geometry_columns "
        "BEGIN SELECT RAISE(ABORT, 'no more'); END")
    result = cli.run(DETECT, pair[0], "-c", "field,tank", *asked, "--append")
    assert result.returncode == 1 and "no more" in result.stderr
    dataset = ogr.Open("found.gpkg")
    assert [layer.GetName() for layer in dataset] == ["found"]
    assert len(rows("found")) == len(scenes.TANKS)


@pytest.mark.parametrize("name", ["found.shp", "found.geojson", "found.sqlite"])
def test_gaclip_detect_append_to_geopackages_alone(asked, pair, name):
    """Before any scene was searched, too."""
    arguments = ["-c", "tank", *asked[:-1], name, "--append"]
    cli.assert_fails(DETECT, *pair, *arguments, names=[name, "GeoPackage"])


def test_gaclip_detect_append_to_a_raster(asked, pair):
    """The scene's own file may get the boxes."""
    gdal.Translate("found.gpkg", pair[0], format="GPKG")
    detect("found.gpkg", "-c", "tank", *asked, "--append")
    assert len(rows()) > 0
    assert gdal.Open("found.gpkg").RasterXSize == scenes.SIDE
    cli.assert_fails(DETECT, pair[1], "-c", "tank", *asked, "--append", "-nln", "gpkg_contents",
                     names=["found.gpkg", "--output-layer"])


@pytest.mark.parametrize("geometry, fields", [
    (ogr.wkbPoint, {}), (ogr.wkbNone, {}), (ogr.wkbPolygon, {"score": ogr.OFTInteger}),
    (ogr.wkbPolygon, {"class": ogr.OFTDate})])
def test_gaclip_detect_append_types(asked, pair, geometry, fields):
    detect(pair[0], "-c", "tank", *asked)
    template = ogr.Open("found.gpkg")
    definition = template.GetLayerByName("detections").GetLayerDefn()
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource("other.gpkg")
    layer = dataset.CreateLayer("detections", scenes.crs(), geometry)
    for i in range(definition.GetFieldCount()):
        field = definition.GetFieldDefn(i)
        layer.CreateField(ogr.FieldDefn(field.GetName(),
                                        fields.get(field.GetName(), field.GetType())))
    dataset = layer = None  # closes it
    asked[-1] = "other.gpkg"
    cli.assert_fails(DETECT, pair[0], "-c", "tank", *asked, "--append",
                     names=["other.gpkg", "detections", *fields])


def test_gaclip_detect_append_quicklook(asked, pair):
    """Where the picture cannot be made, nothing is appended."""
    detect(pair[0], "-c", "tank", *asked)
    first = rows()
    result = cli.run(DETECT, pair[1], "-c", "tank", *asked, "--append", "--quicklook",
                     "a" * 254 + ".png")
    assert result.returncode == 1 and rows() == first
    detect(pair[1], "-c", "tank", *asked, "--append", "--resume", "--quicklook", "a.png")
    assert len(rows()) > len(first)


def test_gaclip_detect_append_refused_metadata(asked, pair):
    """Boxes without their provenance are no success."""
    detect(pair[0], "-c", "tank", *asked)
    for when in ("INSERT", "UPDATE"):
        sql(f"CREATE TRIGGER refuse_{when} BEFORE {when} ON gpkg_metadata "
            "BEGIN SELECT RAISE(ABORT, 'no more'); END")
    result = cli.run(DETECT, pair[1], "-c", "tank", *asked, "--append")
    assert result.returncode == 1 and "provenance" in result.stderr


def test_gaclip_detect_append_to_what_is_something_else(asked, pair):
    scenes.write_boxes("found.gpkg", scenes.TANKS)
    arguments = [pair[0], "-c", "tank", *asked, "--append"]
    cli.assert_fails(DETECT, *arguments, "-nln", "found", names=["found", "class"])
    shutil.copy(pair[0], "found.gpkg")
    cli.assert_fails(DETECT, *arguments, names=["found.gpkg", "append"])


def test_gaclip_detect_append_contradictions(asked, pair):
    arguments = [pair[0], "-c", "tank", *asked]
    cli.assert_fails(DETECT, *arguments, "-nln", "Layer_Styles", names=["--output-layer"])
    cli.assert_fails(DETECT, *arguments, "--append", "--overwrite", names=["--overwrite"])
    detect(*arguments)
    arguments[-1] = "found.gaclip"
    cli.assert_fails(DETECT, *arguments, "--append", names=["--append"])


def test_gaclip_detect_append_to_the_polygons_file(asked, pair):
    """A project's file may hold where to look, and get what was found there."""
    scenes.write_boxes("found.gpkg", scenes.TANKS[:1])
    detect(pair[0], "-c", "tank,field", *asked, "--append", "--aoi", "found.gpkg", "--aoi-layer",
           "found")
    assert len(rows("found")) == 1
    area = scenes.box(*scenes.TANKS[0], scenes.TANK_SIDE).Buffer(1e-6)
    centres = [ogr.CreateGeometryFromWkt(wkt).Centroid() for _, wkt in rows()]
    assert centres and all(area.Contains(centre) for centre in centres)
