"""gaclip-align: regions against phrases."""

import json
import pathlib

import pytest
from osgeo import gdal

import cli
import scenes

ALIGN = "gaclip-align"


@pytest.fixture
def asked(town, model):
    return [town.scene, town.annotations, "--model", model]


def features(name, layer="alignments"):
    dataset = gdal.OpenEx(name, gdal.OF_VECTOR)
    return [feature.items() for feature in dataset.GetLayerByName(layer)]


def test_gaclip_align_phrases(asked):
    result = cli.run(ALIGN, *asked, "-p", "tank,field,road,river", "-o", "a.gpkg", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["written"] == len(scenes.TANKS)
    for row in features("a.gpkg"):
        assert row["phrase"] is None and row["rank"] is None
        assert row["best_similarity"] >= row["second_similarity"] >= row["third_similarity"]
        assert len({row["best"], row["second"], row["third"]}) == 3
        assert 0 < row["best_probability"] < 1 and -1 <= row["consistency"] <= 1
    geometries = gdal.OpenEx("a.gpkg", gdal.OF_VECTOR)
    feature = geometries.GetLayer(0).GetNextFeature()
    assert feature.geometry().Equals(scenes.box(*scenes.TANKS[0], scenes.TANK_SIDE))


def test_gaclip_align_joins(town, model):
    """The region's own fields are found again by its id, whatever regions were left out."""
    names = ["a", "b", "c", "d", "e"]
    corners = [(5000, 0), *scenes.TANKS[1:]]
    scenes.write_boxes("named.gpkg", corners, fields={"name": names})
    result = cli.run(ALIGN, town.scene, "named.gpkg", "--model", model, "-p", "tank,field",
                     "-o", "a.gpkg")
    assert result.returncode == 0, result.stderr
    sources, results = (gdal.OpenEx(name, gdal.OF_VECTOR) for name in ("named.gpkg", "a.gpkg"))
    regions, aligned = sources.GetLayer(0), list(results.GetLayer(0))
    joined = [regions.GetFeature(feature["region_id"]) for feature in aligned]
    assert [region["name"] for region in joined] == names[1:]
    assert all(region.geometry().Equals(feature.geometry())
               for region, feature in zip(joined, aligned))


def test_gaclip_align_rank(town, model):
    """A phrase and its negatives: the rank counts those that fit better."""
    scenes.write_boxes("named.gpkg", scenes.TANKS, fields={
        "label": ["tank", "field", "road", "tank", "field"],
        "wrong": ["river;forest ; meadow", "", "river", "river;river", ";"]})
    result = cli.run(ALIGN, town.scene, "named.gpkg", "--model", model, "--phrase-field", "label",
                     "--negatives-field", "wrong", "-o", "a.gpkg")
    assert result.returncode == 0, result.stderr
    assert "own phrase first for" in result.stdout
    rows = features("a.gpkg")
    assert [row["candidates"] for row in rows] == [6, 3, 4, 5, 3]
    assert all(1 <= row["rank"] <= row["candidates"] for row in rows)
    assert all((row["best"] == row["phrase"]) == (row["similarity"] == row["best_similarity"])
               for row in rows)


def test_gaclip_align_other_crs_and_points(town, model):
    gdal.VectorTranslate("points.geojson", str(town.annotations), format="GeoJSON",
                         dstSRS="EPSG:4326", SQLStatement="SELECT ST_Centroid(geom) AS geometry, "
                         "kind FROM tanks", SQLDialect="SQLITE", layerCreationOptions=["RFC7946=YES"])
    result = cli.run(ALIGN, town.scene, "points.geojson", "--model", model, "-p", "tank,field",
                     "-o", "a.gpkg", "-t_srs", "EPSG:4326")
    assert result.returncode == 0, result.stderr
    dataset = gdal.OpenEx("a.gpkg", gdal.OF_VECTOR)
    layer = dataset.GetLayer(0)
    assert layer.GetFeatureCount() == len(scenes.TANKS)
    assert layer.GetSpatialRef().GetAuthorityCode(None) == "4326"


def test_gaclip_align_regions_outside_are_counted(town, model):
    scenes.write_boxes("far.gpkg", [*scenes.TANKS, (5000, 5000)], fields={"kind": "tank"})
    result = cli.run(ALIGN, town.scene, "far.gpkg", "--model", model, "-p", "tank", "-o", "a.gpkg",
                     "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["written"], report["dropped"]) == (len(scenes.TANKS), 1)


def test_gaclip_align_default_output(asked, tmp_path):
    assert cli.run(ALIGN, *asked, "-p", "tank", "-q").returncode == 0
    assert [p.name for p in tmp_path.iterdir()] == ["tanks_alignments.gpkg"]


@pytest.mark.parametrize(
    "arguments, names",
    [
        ([], ["--phrases", "--phrase-field"]),
        (["--phrase-field", "label"], ["label", "kind"]),
        (["-p", "tank", "--negatives-field", "x"], ["x", "kind"]),
        (["-p", "tank", "-l", "roofs"], ["roofs"]),
        (["-p", "tank,tank"], ["named twice"]),
        (["-p", "tank", "--model", "none.safetensors"], ["none.safetensors"]),
    ],
)
def test_gaclip_align_bad_input(town, model, arguments, names):
    base = [town.scene, town.annotations]
    if "--model" not in arguments:
        base += ["--model", model]
    cli.assert_fails(ALIGN, *base, *arguments, names=names)


def test_gaclip_align_no_region_on_the_raster(town, model, tmp_path):
    scenes.write_boxes("far.gpkg", [(5000, 5000)])
    cli.assert_fails(ALIGN, town.scene, "far.gpkg", "-p", "tank", "--model", model,
                     names=["far.gpkg", "town.tif"])


def test_gaclip_align_output_is_an_input(asked):
    regions = pathlib.Path(asked[1])
    before = regions.read_bytes()
    arguments = [*asked, "-p", "tank", "-o", regions, "--overwrite"]
    cli.assert_fails(ALIGN, *arguments, names=[regions, "input"])
    assert regions.read_bytes() == before


def test_gaclip_align_existing_output(asked, tmp_path):
    (tmp_path / "a.gpkg").write_text("mine")
    cli.assert_fails(ALIGN, *asked, "-p", "tank", "-o", "a.gpkg", names=["a.gpkg", "--overwrite"])
