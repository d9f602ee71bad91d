"""Fixtures of all tests: where the commands are, a small scene, a model trained on it."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "pymod"))

import cli
import scenes


def pytest_report_header(config):
    return f"commands: {cli.BIN}"


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
