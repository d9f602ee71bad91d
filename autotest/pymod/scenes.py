"""Small rasters and layers, drawn with GDAL."""

import dataclasses
import pathlib

import numpy
from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ogr.UseExceptions()
osr.UseExceptions()

SIDE = 192
ORIGIN = (440000.0, 4650000.0)  # EPSG:26915, metres
TANKS = [(30, 40), (100, 30), (60, 120), (140, 150), (150, 80)]  # column, row of the corner
TANK_SIDE = 14


@dataclasses.dataclass
class Town:
    scene: pathlib.Path
    annotations: pathlib.Path


def crs(code=26915):
    system = osr.SpatialReference()
    system.ImportFromEPSG(code)
    system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return system


def pixels():
    """(3, SIDE, SIDE): dark noisy ground with bright squares."""
    values = numpy.random.default_rng(7).integers(40, 90, (3, SIDE, SIDE)).astype(numpy.uint8)
    for column, row in TANKS:
        values[:, row : row + TANK_SIDE, column : column + TANK_SIDE] = 230
    return values


def write_raster(path, with_crs=True, with_geotransform=True):
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), SIDE, SIDE, 3, gdal.GDT_Byte)
    if with_geotransform:
        dataset.SetGeoTransform((ORIGIN[0], 1.0, 0.0, ORIGIN[1], 0.0, -1.0))
    if with_crs:
        dataset.SetSpatialRef(crs())
    dataset.WriteArray(pixels())
    return path


def box(column, row, side):
    west, north = ORIGIN[0] + column, ORIGIN[1] - row
    return ogr.CreateGeometryFromWkt(
        f"POLYGON (({west} {north}, {west + side} {north}, {west + side} {north - side}, "
        f"{west} {north - side}, {west} {north}))"
    )


def write_boxes(path, corners, driver="GPKG", fields=None):
    """A layer of squares; `fields` maps a name to one value for all, or to a list of values."""
    fields = fields or {"kind": "tank"}
    dataset = ogr.GetDriverByName(driver).CreateDataSource(str(path))
    layer = dataset.CreateLayer(pathlib.Path(path).stem, crs(), ogr.wkbPolygon)
    for name, value in fields.items():
        sample = value[0] if isinstance(value, list) else value
        layer.CreateField(
            ogr.FieldDefn(name, ogr.OFTString if isinstance(sample, str) else ogr.OFTReal)
        )
    for i, (column, row) in enumerate(corners):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(box(column, row, TANK_SIDE))
        for name, value in fields.items():
            feature[name] = value[i] if isinstance(value, list) else value
        layer.CreateFeature(feature)
    return path


def draw_town(folder):
    return Town(
        scene=write_raster(folder / "town.tif"),
        annotations=write_boxes(folder / "tanks.gpkg", TANKS),
    )
