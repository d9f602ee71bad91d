"""GDAL's own examination of a layer (test_ogrsf, where it is built), and ours, which asks the same
questions: counts, filters, reading at random, extent, capabilities."""

import os
import pathlib
import shutil
import subprocess

from osgeo import ogr

import cli
import layers


def program():
    """test_ogrsf, or None: it is not packaged, packaging/build-test-ogrsf.sh makes it."""
    built = cli.BIN.parents[1] / "test_ogrsf"
    named = os.environ.get("TEST_OGRSF")
    return named or (str(built) if built.is_file() else shutil.which("test_ogrsf"))


def run(name):
    result = subprocess.run(
        [program(), "-ro", name], capture_output=True, text=True, timeout=cli.TIMEOUT
    )
    return result.stdout + result.stderr


def examine(layer):
    """Read-only questions that have one right answer whatever the layer holds."""
    everything = layers.fids(layer)
    assert layer.GetFeatureCount() == len(everything) == len(set(everything)) > 0
    layer.ResetReading()
    assert layers.fids(layer) == everything
    examine_random_read(layer, everything)
    examine_extent(layer)
    examine_spatial_filter(layer, everything)
    examine_attribute_filter(layer, everything)
    for capability in (
        ogr.OLCSequentialWrite, ogr.OLCRandomWrite, ogr.OLCDeleteFeature, ogr.OLCCreateField,
        ogr.OLCDeleteField, ogr.OLCReorderFields, ogr.OLCAlterFieldDefn, ogr.OLCTransactions,
    ):
        assert not layer.TestCapability(capability)
    assert layer.TestCapability(ogr.OLCRandomRead)
    assert layer.TestCapability(ogr.OLCStringsAsUTF8)


def examine_random_read(layer, everything):
    for index in (0, len(everything) // 2, len(everything) - 1):
        assert layer.SetNextByIndex(index) == ogr.OGRERR_NONE
        feature = layer.GetNextFeature()
        assert feature.GetFID() == everything[index]
        again = layer.GetFeature(feature.GetFID())
        assert again.Equal(feature)
    for fid in (-1, 0, max(everything) + 1, 2**62):
        if fid not in everything:
            assert read_or_none(layer, fid) is None
    layer.ResetReading()


def read_or_none(layer, fid):
    try:
        return layer.GetFeature(fid)
    except RuntimeError:  # the bindings' way to say that there is none
        return None


def examine_extent(layer):
    envelopes = [feature.geometry().GetEnvelope() for feature in layer]
    west, east, south, north = layer.GetExtent()
    assert west == min(e[0] for e in envelopes) and east == max(e[1] for e in envelopes)
    assert south == min(e[2] for e in envelopes) and north == max(e[3] for e in envelopes)


def examine_spatial_filter(layer, everything):
    layer.ResetReading()
    feature = layer.GetNextFeature()
    west, east, south, north = feature.geometry().GetEnvelope()
    layer.SetSpatialFilterRect(west - 10, south - 10, east + 10, north + 10)
    assert feature.GetFID() in layers.fids(layer)
    assert layer.GetFeatureCount() == len(layers.fids(layer))
    west, east, south, north = layer.GetExtent()
    layer.SetSpatialFilterRect(east + 500, south - 500, east + 510, south - 490)
    assert layers.fids(layer) == [] and layer.GetFeatureCount() == 0
    assert layer.GetFeature(feature.GetFID()) is not None
    infinite = float("inf")
    layer.SetSpatialFilterRect(-infinite, -infinite, infinite, infinite)
    assert layers.fids(layer) == everything
    layer.SetSpatialFilter(None)


def examine_attribute_filter(layer, everything):
    layer.ResetReading()
    feature = layer.GetNextFeature()
    layer.SetAttributeFilter(f"source = '{feature['source']}'")
    assert feature.GetFID() in layers.fids(layer)
    layer.SetAttributeFilter(f"source <> '{feature['source']}'")
    assert layers.fids(layer) == []
    layer.SetAttributeFilter(None)
    assert layers.fids(layer) == everything
