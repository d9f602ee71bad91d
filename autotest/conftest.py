"""Fixtures of all tests: where the commands are, a small scene, a model trained on it."""

import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "pymod"))

import cli

# The driver of this build, here and in every command; GDAL looks for drivers when it is imported.
os.environ["GDAL_DRIVER_PATH"] = str(cli.PLUGINS)

import scenes
from osgeo import gdal


def pytest_configure(config):
    config.addinivalue_line("markers", "require_driver(name): skip where GDAL lacks the driver")


def pytest_runtest_setup(item):
    for marker in item.iter_markers("require_driver"):
        if gdal.GetDriverByName(marker.args[0]) is None:
            pytest.skip(f"GDAL has no driver {marker.args[0]} here")


def pytest_report_header(config):
    return f"commands: {cli.BIN}, driver: {cli.PLUGINS}, GDAL {gdal.VersionInfo('RELEASE_NAME')}"


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    """Every test runs in an empty folder of its own, without a model from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GACLIP_MODEL", raising=False)
    monkeypatch.delenv("GDAL_NUM_THREADS", raising=False)


@pytest.fixture(scope="session")
def town(tmp_path_factory):
    """A scene with tanks on it and their annotations, on the ground in UTM."""
    return scenes.draw_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="session")
def model(town, tmp_path_factory):
    """A model with hardly any training: enough to have boxes at --min-score 0."""
    path = tmp_path_factory.mktemp("model") / "tanks.safetensors"
    result = cli.run("gaclip-train", *cli.small_training(town), "-o", path)
    assert result.returncode == 0, result.stderr
    return path


@pytest.fixture
def connection(town, model):
    """A connection string that finds something, and forgets it behind the test."""
    yield f"GACLIP:{town.scene}?classes=tank,field&model={model}&min_score=0"
    for name in gdal.ReadDir("/vsimem/gaclip") or []:
        if name not in (".", ".."):
            gdal.Unlink(f"/vsimem/gaclip/{name}")
