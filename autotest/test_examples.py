"""gaclip-draw-scene: the scenes of the demo."""

import dataclasses

import numpy
import pytest
from osgeo import gdal, ogr

import cli

DRAW = "gaclip-draw-scene"
SMALL = ["--size", "700,600", "--windmills", 3, "--tanks", 4, "--pools", 3, "--aircraft", 2]
COUNTS = {"windmill": 3, "storage tank": 4, "swimming pool": 3, "aircraft": 2}


@dataclasses.dataclass
class Drawn:
    pixels: numpy.ndarray  # (3, height, width)
    geotransform: tuple
    boxes: list  # (class, (x1, y1, x2, y2) in pixels)


def draw(name, *options):
    result = cli.run(DRAW, f"{name}.tif", f"{name}.gpkg", *options)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    raster = gdal.Open(f"{name}.tif")
    geotransform = raster.GetGeoTransform()
    vector = ogr.Open(f"{name}.gpkg")
    boxes = [
        (feature.GetField("class"), in_pixels(feature.GetGeometryRef(), geotransform))
        for feature in vector.GetLayer(0)
    ]
    return Drawn(raster.ReadAsArray(), geotransform, boxes)


def in_pixels(geometry, geotransform):
    left, right, bottom, top = geometry.GetEnvelope()
    west, side, _, north, _, _ = geotransform
    return ((left - west) / side, (north - top) / side, (right - west) / side,
            (north - bottom) / side)


def cut(drawn, box):
    x1, y1, x2, y2 = (int(round(value)) for value in box)
    return drawn.pixels[:, y1:y2, x1:x2].astype(int)


def test_draw_scene_same_seed_same_pixels():
    one, two = draw("one", *SMALL, "--seed", 5), draw("two", *SMALL, "--seed", 5)
    assert numpy.array_equal(one.pixels, two.pixels)
    assert one.boxes == two.boxes
    other = draw("other", *SMALL, "--seed", 6)
    assert not numpy.array_equal(one.pixels, other.pixels)
    assert one.boxes != other.boxes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_draw_scene_counts_and_boxes_inside(seed):
    drawn = draw("scene", *SMALL, "--seed", seed)
    labels = [label for label, _ in drawn.boxes]
    assert {label: labels.count(label) for label in labels} == COUNTS
    for label, (x1, y1, x2, y2) in drawn.boxes:
        assert 0 < x1 < x2 < 700, label
        assert 0 < y1 < y2 < 600, label


def test_draw_scene_georeference():
    drawn = draw("scene", *SMALL, "--gsd", 0.9)
    assert drawn.pixels.shape == (3, 600, 700)
    assert drawn.geotransform[1] == 0.9 and drawn.geotransform[5] == -0.9
    raster, vector = gdal.Open("scene.tif"), ogr.Open("scene.gpkg")
    assert raster.GetSpatialRef().GetAuthorityCode(None) == "32633"
    assert vector.GetLayer(0).GetSpatialRef().GetAuthorityCode(None) == "32633"
    assert raster.GetRasterBand(1).GetBlockSize() == [256, 256]
    assert raster.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") == "DEFLATE"


def test_draw_scene_boxes_show_their_objects():
    """Water is blue; in every windmill's box there is white, from one side to the opposite one."""
    drawn = draw("scene", *SMALL, "--seed", 2)
    for label, box in drawn.boxes:
        pixels = cut(drawn, box)
        if label == "swimming pool":
            red, _, blue = (numpy.median(band) for band in pixels)
            assert blue > red + 40
        if label == "windmill":
            white = pixels.min(axis=0) > 185
            rows, columns = numpy.nonzero(white)
            assert numpy.ptp(rows) > 0.8 * white.shape[0]
            assert numpy.ptp(columns) > 0.8 * white.shape[1]


def test_draw_scene_by_area_and_in_small():
    assert draw("small", "--size", "64,64").pixels.shape == (3, 64, 64)
    assert len(draw("large", "--size", "800,800").boxes) > 12


def test_draw_scene_replaces_files():
    draw("scene", *SMALL, "--seed", 1)
    assert sorted(label for label, _ in draw("scene", *SMALL, "--seed", 2).boxes) == sorted(
        label for label, count in COUNTS.items() for _ in range(count)
    )


@pytest.mark.parametrize(
    "options, names",
    [
        (["--size", "200,200", "--windmills", 50], ["--windmills 50", "room"]),
        (["--size", "1000"], ["--size 1000"]),
        (["--size", "1000,10"], ["--size 1000,10"]),
        (["--gsd", "nan"], ["--gsd nan"]),
        (["--seed", "-1"], ["--seed -1"]),
        (["--tanks", "many"], ["--tanks many"]),
        (["--ships", 1], ["--ships"]),
        (["--pools"], ["--pools"]),
    ],
)
def test_draw_scene_bad_options(options, names):
    cli.assert_fails(DRAW, "a.tif", "a.gpkg", *options, names=names)


def test_draw_scene_bad_files():
    cli.assert_fails(DRAW, "a.tif", names=["OUT.gpkg"])
    cli.assert_fails(DRAW, "a.tif", "a.gpkg", "more", names=["more"])
    cli.assert_fails(DRAW, "a.tif", "a.tif", names=["a.tif"])
    cli.assert_fails(DRAW, "nowhere/a.tif", "a.gpkg", *SMALL, names=["nowhere/a.tif"])
    cli.assert_fails(DRAW, "a.tif", "nowhere/a.gpkg", *SMALL, names=["nowhere/a.gpkg"])
