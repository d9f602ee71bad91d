"""gaclip-heatmap: what it writes, and what it says when it cannot."""

import json
import pathlib

import pytest
from osgeo import gdal

import cli
import scenes

HEATMAP = "gaclip-heatmap"


@pytest.fixture
def asked(town, model):
    return [town.scene, "--classes", "tank", "--model", model]


def test_gaclip_heatmap_geotiff(asked, model):
    result = cli.run(HEATMAP, *asked, "-o", "heat.tif", "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    summary = json.loads(result.stdout)
    dataset = gdal.Open("heat.tif")
    band = dataset.GetRasterBand(1)
    assert (summary["width"], summary["height"]) == (scenes.SIDE, scenes.SIDE)
    assert band.GetBlockSize() == [256, 256]
    assert dataset.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") == "DEFLATE"
    assert dataset.GetSpatialRef().IsSame(scenes.crs())
    assert band.GetDescription() == "tank" and band.GetNoDataValue() == 255
    assert band.GetColorInterpretation() == gdal.GCI_PaletteIndex and band.GetScale() is None
    assert summary["highest"]["tank"] == pytest.approx(band.ReadAsArray().max() / 254)
    assert dataset.GetMetadataItem("GACLIP_MODEL") == str(model)
    assert len(dataset.GetMetadataItem("GACLIP_MODEL_SHA256")) == 64


def test_gaclip_heatmap_bbox(asked):
    """The pixels that the bbox touches, with the values that the whole raster has there."""
    west, north = scenes.ORIGIN
    bbox = west + 20.5, north - 101, west + 70, north - 33.25
    assert cli.run(HEATMAP, *asked, "-o", "all.tif").returncode == 0
    result = cli.run(HEATMAP, *asked, "-o", "part.tif", "-te", *bbox, "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    whole, part = gdal.Open("all.tif"), gdal.Open("part.tif")
    assert (summary["width"], summary["height"]) == (part.RasterXSize, part.RasterYSize)
    assert part.GetGeoTransform() == (west + 20, 1, 0, north - 33, 0, -1)
    assert (part.RasterXSize, part.RasterYSize) == (50, 68)
    assert part.ReadRaster() == whole.ReadRaster(20, 33, 50, 68)
    cli.assert_fails(HEATMAP, *asked, "-o", "far.tif", "-te", 0, 0, 10, 10, names=["town.tif"])


def test_gaclip_heatmap_open_options(asked):
    plain = ["-oo", "GEOREF_SOURCES=NONE", "--gsd", 1]
    assert cli.run(HEATMAP, *asked, *plain, "-o", "plain.tif").returncode == 0
    assert gdal.Open("plain.tif").GetSpatialRef() is None
    assert cli.run(HEATMAP, *asked, "-o", "there.tif").returncode == 0
    assert gdal.Open("there.tif").GetSpatialRef().IsSame(scenes.crs())


def test_gaclip_heatmap_default_output(asked, tmp_path):
    result = cli.run(HEATMAP, *asked)
    assert result.returncode == 0, result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["town_heatmap.tif"]
    assert "town_heatmap.tif" in result.stdout


def test_gaclip_heatmap_cog(asked, tmp_path):
    assert cli.run(HEATMAP, *asked, "-o", "heat.tif", "-of", "COG", "-co", "BLOCKSIZE=128",
                   "-q").returncode == 0
    dataset = gdal.Open("heat.tif")
    assert dataset.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
    assert dataset.GetRasterBand(1).GetBlockSize() == [128, 128]
    assert [p.name for p in tmp_path.iterdir()] == ["heat.tif"]


def test_gaclip_heatmap_same_bytes_twice(asked):
    for name, threads in (("one.tif", 1), ("two.tif", 1)):
        assert cli.run(HEATMAP, *asked, "-o", name, "-j", threads).returncode == 0
    one, two = (gdal.Open(name).ReadRaster() for name in ("one.tif", "two.tif"))
    assert one == two


def test_gaclip_heatmap_output_is_an_input(town, asked):
    before = pathlib.Path(town.scene).read_bytes()
    arguments = [*asked, "-o", town.scene, "--overwrite"]
    cli.assert_fails(HEATMAP, *arguments, names=[town.scene, "input"])
    assert pathlib.Path(town.scene).read_bytes() == before


def test_gaclip_heatmap_existing_output(asked, tmp_path):
    (tmp_path / "heat.tif").write_text("mine")
    cli.assert_fails(HEATMAP, *asked, "-o", "heat.tif", names=["heat.tif", "--overwrite"])
    assert cli.run(HEATMAP, *asked, "-o", "heat.tif", "--overwrite").returncode == 0
    assert gdal.Open("heat.tif").RasterCount == 1


def test_gaclip_heatmap_side_files(asked):
    """Statistics and overviews of the raster that was there are not the new one's."""
    write = [*asked, "-o", "heat.tif", "--overwrite"]
    assert cli.run(HEATMAP, *write).returncode == 0
    dataset = gdal.Open("heat.tif")
    dataset.GetRasterBand(1).SetMetadataItem("STATISTICS_MEAN", "77")
    dataset.BuildOverviews("NEAREST", [2])
    dataset = None
    assert pathlib.Path("heat.tif.aux.xml").exists() and pathlib.Path("heat.tif.ovr").exists()
    assert cli.run(HEATMAP, *write).returncode == 0
    assert not pathlib.Path("heat.tif.aux.xml").exists()
    assert gdal.Open("heat.tif").GetRasterBand(1).GetOverviewCount() == 0
    assert cli.run(HEATMAP, *write, "--co", "PROFILE=BASELINE").returncode == 0
    assert sorted(path.name for path in pathlib.Path().glob("heat*")) == [
        "heat.tif", "heat.tif.aux.xml",
    ]
    assert gdal.Open("heat.tif").GetRasterBand(1).GetDescription() == "tank"


def test_gaclip_heatmap_world_file(asked):
    assert cli.run(HEATMAP, *asked, "-o", "heat.tif", "--co", "TFW=YES").returncode == 0
    assert sorted(path.name for path in pathlib.Path().iterdir()) == ["heat.tfw", "heat.tif"]
    numbers = [float(line) for line in pathlib.Path("heat.tfw").read_text().split()]
    west, width, _, north, _, height = gdal.Open("heat.tif").GetGeoTransform()
    assert numbers == [width, 0, 0, height, west + width / 2, north + height / 2]


@pytest.mark.parametrize(
    "arguments, names",
    [
        (["-of", "PNG"], ["PNG", "gdal_translate"]),
        (["-o", "heat.png"], ["heat.png", ".tif", "gdal_translate"]),
        (["-o", "-"], ["-", "write to a folder"]),
        (["--co", "COMPRESS=foo"], ["--co", "foo", "COMPRESS"]),
        (["--co", "FOO=YES"], ["--co", "FOO"]),
        (["-ot", "Int16"], ["Int16", "Float32"]),
        (["--measure", "beauty"], ["beauty", "similarity"]),
        (["-o", "no/such/folder/heat.tif"], ["no/such/folder/heat.tif"]),
        (["--model", "none.safetensors"], ["none.safetensors"]),
        (["-b", "1,2"], ["bands"]),
    ],
)
def test_gaclip_heatmap_bad_input(town, model, arguments, names):
    base = [town.scene, "-c", "tank"]
    if "--model" not in arguments:
        base += ["--model", model]
    cli.assert_fails(HEATMAP, *base, *arguments, names=names)


def test_gaclip_heatmap_of_a_gaclip_dataset(model, town):
    cli.assert_fails(HEATMAP, f"GACLIP:{town.scene}?classes=tank", "-c", "tank", "--model", model,
                     names=["GACLIP", "gdal_translate"])


def test_gaclip_heatmap_interrupted(asked, tmp_path):
    process = cli.start(HEATMAP, *asked, "-o", "heat.tif")
    process.terminate()
    process.communicate(timeout=cli.TIMEOUT)
    assert process.returncode != 0 and list(tmp_path.iterdir()) == []


def test_gaclip_heatmap_help():
    result = cli.run(HEATMAP, "--help")
    assert result.returncode == 0 and "--measure" in result.stdout
    assert "GDAL" in cli.run(HEATMAP, "--utility_version").stdout
