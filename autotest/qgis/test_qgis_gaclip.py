"""QGIS loads what gaclip writes, and what its driver serves: fields, filter, style, the picture.

Run by `make check-qgis`, off screen; skipped where PyQGIS is not installed.
"""

import os

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
core = pytest.importorskip("qgis.core", reason="PyQGIS is not installed (python3-qgis)")
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

import cli
import layers
from osgeo import gdal

WHITE = QColor(255, 255, 255)
SIZE = 400


@pytest.fixture(scope="session", autouse=True)
def application():
    """Lives as long as the process: pytest still holds layers of failed tests when it ends."""
    instance = core.QgsApplication([], False)
    instance.initQgis()
    return instance


@pytest.fixture
def written(town, model):
    """A GeoPackage and a .gaclip file of the same boxes; few, so that outlines can be told apart."""
    common = [town.scene, "-c", "tank,field", "--model", model, "--min-score", 0, "-q"]
    for name in ("found.gpkg", "found.gaclip"):
        result = cli.run("gaclip-detect", *common, "-o", name)
        assert result.returncode == 0, result.stderr
    return {"gpkg": f"{os.getcwd()}/found.gpkg|layername=detections",
            "gaclip": f"{os.getcwd()}/found.gaclip|layername=detections"}


def vector(uri):
    layer = core.QgsVectorLayer(uri, "found", "ogr")
    assert layer.isValid(), layer.error().message()
    return layer


def render(layer, extent=None):
    """The map of the layer on white, as an image."""
    settings = core.QgsMapSettings()
    settings.setLayers([layer])
    settings.setBackgroundColor(WHITE)
    settings.setOutputSize(QSize(SIZE, SIZE))
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(extent or layer.extent())
    job = core.QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    assert job.errors() == []
    return job.renderedImage()


def colours(image):
    return {image.pixelColor(x, y).name() for x in range(0, SIZE) for y in range(0, SIZE)}


@pytest.mark.parametrize("kind", ["gpkg", "gaclip"])
def test_qgis_fields_and_features(written, kind):
    layer = vector(written[kind])
    dataset = gdal.OpenEx("found.gaclip", gdal.OF_VECTOR)
    rows = layers.rows(dataset.GetLayer(0))
    names = [field.name() for field in layer.fields() if field.name() != "fid"]
    assert names == list(rows[0][0])
    assert layer.featureCount() == len(rows)
    assert layer.crs().authid() == "EPSG:26915"
    assert sorted(f["score"] for f in layer.getFeatures()) == sorted(r[0]["score"] for r in rows)


@pytest.mark.parametrize("kind", ["gpkg", "gaclip"])
def test_qgis_filters(written, kind):
    layer = vector(written[kind])
    classes = [f["class"] for f in layer.getFeatures()]
    assert layer.setSubsetString("\"class\" = 'field'")
    assert layer.featureCount() == classes.count("field")
    assert layer.setSubsetString("")
    box = next(layer.getFeatures()).geometry().boundingBox()
    near = list(layer.getFeatures(core.QgsFeatureRequest().setFilterRect(box)))
    assert 1 <= len(near) <= len(classes)
    assert all(f.geometry().boundingBox().intersects(box) for f in near)


def test_qgis_default_style_colours_by_class(written):
    layer = vector(written["gpkg"])
    renderer = layer.renderer()
    assert renderer.type() == "categorizedSymbol" and renderer.classAttribute() == "class"
    assert {c.value() for c in renderer.categories()} == {"tank", "field"}
    layer.setLabelsEnabled(False)
    present = {f["class"] for f in layer.getFeatures()}
    seen = colours(render(layer))
    for category in renderer.categories():
        outline = category.symbol().symbolLayer(0).strokeColor().name()
        assert (outline in seen) == (category.value() in present)


def test_qgis_gaclip_file_is_coloured_by_class(written):
    layer, styled = vector(written["gaclip"]), vector(written["gpkg"])
    assert layer.renderer().type() == "embeddedSymbol"
    seen, present = colours(render(layer)), {f["class"] for f in layer.getFeatures()}
    for category in styled.renderer().categories():
        outline = category.symbol().symbolLayer(0).strokeColor().name()
        assert (outline in seen) == (category.value() in present)


def test_qgis_gaclip_looks_as_the_geopackage(written):
    """The same picture, once both have the same style and draw in the same order."""
    packaged, served = vector(written["gpkg"]), vector(written["gaclip"])
    renderer = packaged.renderer().clone()
    order = core.QgsFeatureRequest.OrderBy([core.QgsFeatureRequest.OrderByClause("score")])
    renderer.setOrderBy(order)
    renderer.setOrderByEnabled(True)
    for layer in (packaged, served):
        layer.setRenderer(renderer.clone())
        layer.setLabelsEnabled(False)
    extent = packaged.extent()
    one, two = render(packaged, extent), render(served, extent)
    assert len(colours(one)) > 2
    assert one == two


def test_qgis_raster(written, town, model):
    uri = f"GACLIP:{town.scene}?classes=tank&model={model}"
    layer = core.QgsRasterLayer(uri, "heat", "gdal")
    assert layer.isValid(), layer.error().message()
    assert (layer.width(), layer.height(), layer.bandCount()) == (192, 192, 1)
    assert layer.renderer().type() == "paletted"
    assert len(colours(render(layer))) > 5


def test_qgis_offers_both_kinds_of_layer(written):
    found = core.QgsProviderRegistry.instance().querySublayers(f"{os.getcwd()}/found.gaclip")
    kinds = {(s.providerKey(), s.type()) for s in found}
    assert ("ogr", core.QgsMapLayerType.VectorLayer) in kinds
    assert ("gdal", core.QgsMapLayerType.RasterLayer) in kinds
    assert "*.gaclip" in core.QgsProviderRegistry.instance().fileVectorFilters()
