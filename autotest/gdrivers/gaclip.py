#!/usr/bin/env python3
###############################################################################
# Raster side of the driver GACLIP, and its manners beside other drivers.
###############################################################################

import json
import os
import pathlib
import random
import subprocess
import sys
import threading

import numpy
import pytest
from osgeo import gdal

import cli
import layers
import scenes

pytestmark = pytest.mark.require_driver("GACLIP")


###############################################################################
# Registration: what GDAL and QGIS ask of a driver.


def test_gaclip_metadata():
    driver = gdal.GetDriverByName("GACLIP")
    for item, value in {
        gdal.DCAP_RASTER: "YES", gdal.DCAP_VECTOR: "YES", gdal.DMD_EXTENSIONS: "gaclip",
        gdal.DMD_CONNECTION_PREFIX: "GACLIP:", gdal.DMD_SUBDATASETS: "YES",
    }.items():
        assert driver.GetMetadataItem(item) == value
    options = driver.GetMetadataItem(gdal.DMD_OPENOPTIONLIST)
    assert gdal.ParseXMLString(options) is not None
    for name in ("CLASSES", "MIN_SCORE", "MODEL", "REGIONS", "MEASURE"):
        assert f"name='{name}'" in options


def test_gaclip_is_identified(connection, tmp_path):
    assert gdal.IdentifyDriverEx(connection).ShortName == "GACLIP"
    (tmp_path / "a.gaclip").write_text('{"gaclip": 1, "scene": "missing.tif", "classes": ["a"]}')
    assert gdal.IdentifyDriverEx("a.gaclip").ShortName == "GACLIP"
    with pytest.raises(RuntimeError, match="missing.tif"):
        gdal.Open("a.gaclip")


###############################################################################
# 200 files that are none of ours: the same driver and the same messages as without the plugin.

OPENER = """
import json, re, sys
from osgeo import gdal
gdal.UseExceptions()
plain = lambda text: re.sub("0x[0-9a-f]+", "ADDRESS", text)
said = []
gdal.PushErrorHandler(lambda kind, number, text: said.append([kind, number, text]))
result = {}
for name in json.load(sys.stdin):
    said.clear()
    entry = []
    for flags in (0, gdal.OF_RASTER, gdal.OF_VECTOR, gdal.OF_VECTOR | gdal.OF_UPDATE):
        try:
            dataset = gdal.OpenEx(name, flags | gdal.OF_VERBOSE_ERROR)
            entry.append(dataset.GetDriver().ShortName)
        except RuntimeError as error:
            entry.append(plain(str(error)))
    result[name] = [entry, [[kind, number, plain(text)] for kind, number, text in said]]
has_driver = gdal.GetDriverByName("GACLIP") is not None
json.dump([has_driver, result], sys.stdout)
"""


def open_all(names, plugins):
    done = subprocess.run(
        [sys.executable, "-c", OPENER], input=json.dumps(names), capture_output=True, text=True,
        timeout=cli.TIMEOUT, env={**os.environ, "GDAL_DRIVER_PATH": plugins},
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def write_whole_files(folder, town):
    """Files of many formats."""
    scene = gdal.Open(str(town.scene))
    for driver, extension in (
        ("GTiff", "tif"), ("PNG", "png"), ("JPEG", "jpg"), ("VRT", "vrt"), ("HFA", "img"),
        ("AAIGrid", "asc"), ("ENVI", "dat"), ("PCRaster", "map"), ("netCDF", "nc"), ("XYZ", "xyz"),
    ):
        if gdal.GetDriverByName(driver):
            bands = [1] if driver in ("AAIGrid", "PCRaster", "XYZ") else [1, 2, 3]
            kind = gdal.GDT_Int32 if driver == "PCRaster" else gdal.GDT_Byte
            gdal.PushErrorHandler("CPLQuietErrorHandler")
            gdal.Translate(str(folder / f"raster.{extension}"), scene, format=driver,
                           bandList=bands, outputType=kind)
            gdal.PopErrorHandler()
    for driver, extension in (
        ("GPKG", "gpkg"), ("GeoJSON", "geojson"), ("ESRI Shapefile", "shp"), ("CSV", "csv"),
        ("GML", "gml"), ("KML", "kml"), ("MapInfo File", "tab"), ("FlatGeobuf", "fgb"),
        ("SQLite", "sqlite"), ("DXF", "dxf"), ("GPX", "gpx"),
    ):
        if gdal.GetDriverByName(driver) and driver not in ("DXF", "GPX"):
            gdal.VectorTranslate(str(folder / f"vector.{extension}"), str(town.annotations),
                                 format=driver)


def write_hostile_files(folder):
    texts = {
        "empty.gaclip": b"", "space.gaclip": b" \n\t", "brace.gaclip": b"{",
        "nearly.gaclip": b'{"gaclip"', "other.gaclip": b'{"gaclips": 1}',
        "list.gaclip": b'["gaclip", 1]', "late.gaclip": b'{"a": 1, "gaclip": 1}',
        "zeros.gaclip": bytes(4096), "ff.gaclip": b"\xff" * 4096, "nul.gaclip": b'{\0"gaclip":1}',
        "geojson.gaclip": b'{"type": "FeatureCollection", "features": []}',
        "text.json": b'{"gaclip": 1, "scene": "a.tif"}', "gaclip": b'{"gaclip": 1}',
        "GACLIP": b"", "x.gaclip.boxes": b"GACLIPB1", "boxes": b"GACLIPB1" + bytes(100),
        "deep.json": b"[" * 100000, "long.csv": b"a" * 100000, "xml.xml": b"<GACLIP:a>",
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text)


def write_variants(folder, count):
    """Cut, flipped and misnamed copies of what is there, drawn by lot."""
    lot = random.Random(4)
    whole = sorted(p for p in folder.iterdir() if p.is_file())
    for i in range(count):
        source = lot.choice(whole)
        data = bytearray(source.read_bytes()[: 1 << 16])
        if data and lot.random() < 0.7:
            del data[lot.randrange(len(data)):]
        for _ in range(lot.randrange(4)):
            if data:
                data[lot.randrange(len(data))] = lot.randrange(256)
        suffix = lot.choice([source.suffix, source.suffix, ".gaclip", ".bin"])
        (folder / f"variant{i:03d}{suffix}").write_bytes(data)


def is_ours(path):
    """Whether a lot has made one that the driver may rightly claim."""
    return path.suffix == ".gaclip" and path.read_bytes().split()[:1] == [b'{"gaclip":']


def test_gaclip_leaves_other_files_alone(town, tmp_path):
    write_whole_files(tmp_path, town)
    write_hostile_files(tmp_path)
    there = sum(1 for p in tmp_path.iterdir() if p.is_file())
    write_variants(tmp_path, max(0, 210 - there))
    names = [p.name for p in sorted(tmp_path.iterdir()) if not is_ours(p)]
    names += ["missing.gaclip", "GACLIP", "GACLIP:", "GACLI:x", "", ".", "/vsimem/none.gaclip",
              "GPKG:nothing", "/vsizip/none.zip/x.gaclip"]
    assert len(names) >= 200
    without, expected = open_all(names, "disable")
    with_plugin, found = open_all(names, str(cli.PLUGINS))
    assert (without, with_plugin) == (False, True)
    differing = {n: (expected[n], found[n]) for n in names if expected[n] != found[n]}
    assert differing == {}


###############################################################################
# Hostile names and files that are ours: one clear error, no crash.


@pytest.mark.parametrize(
    "name, fact",
    [
        ("GACLIP:?classes=a", "names a raster"),
        ("GACLIP:missing.tif?classes=a", "missing.tif"),
        ("GACLIP:{scene}", "no classes"),
        ("GACLIP:{scene}?classes=", "empty value"),
        ("GACLIP:{scene}?classes=a,a", "named twice"),
        ("GACLIP:{scene}?classes=a&min_score=-1", "outside 0 to 1"),
        ("GACLIP:{scene}?classes=a&open_options=NUM_THREADS", "NAME=VALUE"),
        ("GACLIP:{scene}?classes=a&show=b", "show"),
        ("GACLIP:{scene}?classes=a&nonsense=1", "nonsense"),
        ("GACLIP:{scene}?classes=a&bands=1,2,4", "no band 4, only 1 to 3"),
        ("GACLIP:{scene}?classes=a%0ab", "control character"),
        ("GACLIP:GACLIP:{scene}?classes=a", "GACLIP"),
        ("GACLIP:" + "x" * 70000, "more than 65536 bytes"),
    ],
)
def test_gaclip_hostile_names(town, name, fact):
    with pytest.raises(RuntimeError, match=fact) as caught:
        gdal.Open(name.format(scene=town.scene))
    assert "\n" not in str(caught.value)


def test_gaclip_scene_that_leads_back(tmp_path, town, model):
    """A VRT of a dataset whose scene is that VRT: an end, not a stack overflow."""
    name = f"GACLIP:{tmp_path}/loop.vrt?classes=a&amp;model={model}"
    gdal.Translate("loop.vrt", str(town.scene), format="VRT")
    text = pathlib.Path("loop.vrt").read_text()
    pathlib.Path("loop.vrt").write_text(text.replace(str(town.scene), name).replace(
        'relativeToVRT="1"', 'relativeToVRT="0"').replace("../town0/town.tif", name))
    assert name in pathlib.Path("loop.vrt").read_text()
    with pytest.raises(RuntimeError, match="leads back|recursive|IReadBlock"):
        gdal.Open(name.replace("&amp;", "&")).ReadAsArray()


###############################################################################
# Bands.


def test_gaclip_bands(connection):
    dataset = gdal.Open(connection)
    assert (dataset.RasterXSize, dataset.RasterYSize) == (scenes.SIDE, scenes.SIDE)
    assert dataset.RasterCount == 2
    assert dataset.GetGeoTransform() == (scenes.ORIGIN[0], 1, 0, scenes.ORIGIN[1], 0, -1)
    assert dataset.GetSpatialRef().IsSame(scenes.crs())
    assert layers.counts(dataset)["BAND_WINDOWS_RUN"] == 0
    band = dataset.GetRasterBand(1)
    assert band.GetDescription() == "tank" and band.DataType == gdal.GDT_Byte
    assert band.GetNoDataValue() == 255 and band.GetScale() == pytest.approx(1 / 254)
    assert band.GetColorTable() is None  # two classes
    values = dataset.ReadAsArray()
    assert values.shape == (2, scenes.SIDE, scenes.SIDE) and values.max() < 255
    assert layers.counts(dataset)["BAND_WINDOWS_RUN"] == 25


def test_gaclip_band_colours_of_one_class(connection):
    for name, description in gdal.Open(connection).GetSubDatasets():
        dataset = gdal.Open(name)
        assert dataset.RasterCount == 1
        band = dataset.GetRasterBand(1)
        assert description.startswith(band.GetDescription() + " - ")
        assert band.GetColorInterpretation() == gdal.GCI_PaletteIndex
        assert band.GetColorTable().GetColorEntry(255)[3] == 0
        assert band.ReadRaster() == gdal.Open(connection).GetRasterBand(
            ["tank", "field"].index(band.GetDescription()) + 1).ReadRaster()


def test_gaclip_float_similarity(connection):
    values = gdal.Open(connection + "&type=Float32&measure=similarity").ReadAsArray()
    assert values.dtype == numpy.float32
    assert numpy.abs(values).max() <= 1 and numpy.ptp(values) > 0


def test_gaclip_block_order_does_not_matter(connection):
    whole = gdal.Open(connection + "&type=Float32").ReadAsArray()
    pieces = numpy.empty_like(whole)
    dataset = gdal.Open(connection + "&type=Float32")
    for y in range(scenes.SIDE - 16, -1, -16):
        pieces[:, y : y + 16] = dataset.ReadAsArray(0, y, scenes.SIDE, 16)
    assert numpy.array_equal(whole, pieces)


def test_gaclip_translate_equals_heatmap(town, model, connection):
    for arguments, query in (([], ""), (["-ot", "Float32", "--measure", "similarity"],
                                        "&type=Float32&measure=similarity")):
        result = cli.run("gaclip-heatmap", town.scene, "-c", "tank,field", "--model", model,
                         "-o", "heat.tif", "--overwrite", *arguments)
        assert result.returncode == 0, result.stderr
        gdal.Translate("copy.tif", connection + query)
        heat, copy = gdal.Open("heat.tif"), gdal.Open("copy.tif")
        assert numpy.array_equal(heat.ReadAsArray(), copy.ReadAsArray(), equal_nan=bool(query))
        assert heat.GetRasterBand(2).GetScale() == copy.GetRasterBand(2).GetScale()
        assert heat.GetRasterBand(2).GetDescription() == "field"


def large_scene(path, side):
    """A sparse scene of many pixels: nothing is read of it unless somebody asks."""
    dataset = gdal.GetDriverByName("GTiff").Create(
        str(path), side, side, 3, gdal.GDT_Byte, ["SPARSE_OK=YES", "TILED=YES", "BIGTIFF=YES",
                                                  "BLOCKXSIZE=4096", "BLOCKYSIZE=4096"])
    dataset.SetGeoTransform((*scenes.ORIGIN[:1], 1, 0, scenes.ORIGIN[1], 0, -1))
    dataset.SetSpatialRef(scenes.crs())


def test_gaclip_large_scene_is_read_in_part(model, tmp_path):
    large_scene("large.tif", 100000)
    dataset = gdal.OpenEx(f"GACLIP:large.tif?classes=tank&model={model}&min_score=0.5")
    band = dataset.GetRasterBand(1)
    assert band.GetOverviewCount() >= 8
    band.ReadRaster(256 * 195, 256 * 195, 256, 256)
    assert 0 < layers.counts(dataset)["BAND_WINDOWS_RUN"] < 200
    layer = dataset.GetLayer(0)
    layer.SetSpatialFilterRect(scenes.ORIGIN[0] + 5000, scenes.ORIGIN[1] - 5100,
                               scenes.ORIGIN[0] + 5100, scenes.ORIGIN[1] - 5000)
    layer.GetNextFeature()
    counts = layers.counts(dataset)
    assert 1 <= counts["TILES_RUN"] <= 4 and counts["TILES"] > 40000


def test_gaclip_statistics_and_overviews(connection):
    dataset = gdal.Open(connection)
    band = dataset.GetRasterBand(1)
    assert (band.GetMinimum(), band.GetMaximum()) == (None, None)  # not known to be tight
    values = band.ReadAsArray().astype(float)
    low, high, mean, deviation = band.ComputeStatistics(False)
    assert (low, high) == (values.min(), values.max())
    assert mean == pytest.approx(values.mean()) and deviation == pytest.approx(values.std())
    assert (band.GetMinimum(), band.GetMaximum()) == (low, high)


def test_gaclip_overview_is_the_mean(model, tmp_path):
    side = 640
    rng = numpy.random.default_rng(3)
    dataset = gdal.GetDriverByName("GTiff").Create("s.tif", side, side, 3)
    dataset.SetGeoTransform((*scenes.ORIGIN[:1], 1, 0, scenes.ORIGIN[1], 0, -1))
    dataset.SetSpatialRef(scenes.crs())
    dataset.WriteArray(rng.integers(0, 255, (3, side, side)).astype(numpy.uint8))
    dataset = None
    dataset = gdal.Open(f"GACLIP:s.tif?classes=tank&model={model}&type=Float32")
    band = dataset.GetRasterBand(1)
    assert band.GetOverviewCount() == 2
    values = band.ReadAsArray().astype(float)
    overview = band.GetOverview(0).ReadAsArray()
    means = values.reshape(side // 2, 2, side // 2, 2).mean(axis=(1, 3))
    assert overview.shape == means.shape
    assert numpy.abs(overview - means).max() < 0.02 * numpy.ptp(values)


def test_gaclip_nodata_stays_nodata(model, tmp_path):
    gdal.Translate("holed.tif", str(scenes.write_raster(tmp_path / "whole.tif")), noData=0)
    dataset = gdal.Open("holed.tif", gdal.GA_Update)
    for number in (1, 2, 3):
        dataset.GetRasterBand(number).WriteArray(numpy.zeros((scenes.SIDE, 96), numpy.uint8))
    dataset = None
    dataset = gdal.Open(f"GACLIP:holed.tif?classes=tank&model={model}")
    values = dataset.ReadAsArray()
    assert (values[:, :88] == 255).all() and (values[:, 104:] < 255).all()


def test_gaclip_estimates_look_at_a_part(model):
    side, step = 6400, 32  # of the scene, of the model's windows
    large_scene("large.tif", side)
    dataset = gdal.Open(f"GACLIP:large.tif?classes=tank&model={model}")
    band = dataset.GetRasterBand(1)
    band.ComputeRasterMinMax(True)
    band.GetHistogram(approx_ok=True)
    assert 0 < layers.counts(dataset)["BAND_WINDOWS_RUN"] < (side // step) ** 2 / 10


def statistics(name, options=()):
    """What is known of the first band, and what it comes to."""
    dataset = gdal.OpenEx(name, open_options=list(options))
    band = dataset.GetRasterBand(1)
    return band.GetMetadata(), band.ComputeStatistics(False)


def test_gaclip_statistics_are_those_of_the_file_as_it_is(town, model):
    write_request("x.gaclip", town, model)
    known, computed = statistics("x.gaclip")
    assert known == {} and computed[1] > 1
    assert pathlib.Path("x.gaclip.aux.xml").is_file()
    text = pathlib.Path("x.gaclip.aux.xml").read_text()
    known, other = statistics("x.gaclip", ["TYPE=Float32"])
    assert known == {} and other[1] <= 1
    assert pathlib.Path("x.gaclip.aux.xml").read_text() == text
    assert "STATISTICS_MAXIMUM" in statistics("x.gaclip")[0]


def write_request(path, town, model):
    text = {"gaclip": 1, "scene": str(town.scene), "classes": ["tank", "field"],
            "model": str(model), "min_score": 0}
    pathlib.Path(path).write_text(json.dumps(text))


def test_gaclip_files_are_the_requests_own(town, model):
    write_request("x.gaclip", town, model)
    assert gdal.Open("x.gaclip").GetFileList() == ["x.gaclip"]
    dataset = gdal.OpenEx("x.gaclip", gdal.OF_VECTOR)
    assert dataset.GetLayer(0).GetNextFeature() is not None
    assert dataset.GetFileList() == ["x.gaclip", "x.gaclip.boxes"]
    assert gdal.Open("GACLIP:x.gaclip").GetFileList() is None
    gdal.GetDriverByName("GACLIP").Rename("y.gaclip", "x.gaclip")
    assert sorted(os.listdir()) == ["y.gaclip", "y.gaclip.boxes"]
    gdal.GetDriverByName("GACLIP").Delete("y.gaclip")
    assert os.listdir() == [] and town.scene.is_file()


def test_gaclip_no_bands_without_classes(town, model):
    name = f"GACLIP:{town.scene}?regions={town.annotations}&phrase_field=kind&model={model}"
    assert gdal.OpenEx(name, gdal.OF_VECTOR).GetLayerCount() == 1
    with pytest.raises(RuntimeError, match="not recognized"):
        gdal.OpenEx(name, gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR)


def test_gaclip_metadata_of_one_domain_outlives_another(connection):
    dataset = gdal.Open(connection)
    names = dataset.GetMetadata("SUBDATASETS")
    assert len(names) == 4 and "TILES" in dataset.GetMetadata("GACLIP")
    assert dataset.GetMetadata("SUBDATASETS") == names


@pytest.mark.parametrize("read", [
    lambda dataset, callback: dataset.GetRasterBand(1).ReadRaster(callback=callback),
    lambda dataset, callback: dataset.ReadRaster(callback=callback),
    lambda dataset, callback: dataset.GetRasterBand(1).ComputeStatistics(True, callback),
], ids=["band", "dataset", "statistics"])
def test_gaclip_progress_and_interruption(model, read):
    large_scene("large.tif", 1000)
    name = f"GACLIP:large.tif?classes=tank,field&model={model}"
    shares = []

    def stop_soon(share, text, payload):
        shares.append(share)
        return len(shares) < 3

    dataset = gdal.Open(name)
    with pytest.raises(RuntimeError):
        read(dataset, stop_soon)
    assert len(shares) == 3
    shares.clear()
    assert read(dataset, lambda share, text, payload: shares.append(share) or 1) is not None
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)


###############################################################################
# Threads: each with a dataset of its own on one file.


def test_gaclip_eight_threads(town, model, tmp_path):
    result = cli.run("gaclip-detect", town.scene, "-c", "tank,field", "--model", model,
                     "--min-score", 0, "-o", "x.gaclip", "-q")
    assert result.returncode == 0, result.stderr
    pathlib.Path("x.gaclip.boxes").unlink()
    answers = [None] * 8

    def read(index):
        dataset = gdal.OpenEx("x.gaclip", open_options=["THREADS=1"])
        layer = dataset.GetLayer(0)
        answers[index] = (layers.rows(layer), dataset.ReadAsArray().tobytes())

    threads = [threading.Thread(target=read, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers[0] is not None and all(answer == answers[0] for answer in answers)
