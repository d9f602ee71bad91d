"""gaclip-model info, and damaged model files."""

import hashlib
import json
import struct

import pytest

import cli
import tiny_clip

INFO = "gaclip-model info"


def test_gaclip_model_info(model):
    result = cli.run(INFO, model, "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    parameters = report["parameters"]
    assert parameters["total"] == sum(v for k, v in parameters.items() if k != "total") > 0
    assert list(parameters) == ["vision", "text", "proposal", "other", "total"]
    assert parameters["other"] == 1  # the temperature
    assert report["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert report["bytes"] == model.stat().st_size
    assert report["dtype"] == "f32"
    assert report["architecture"] == "ViT of 32 x 1 /16"
    assert "training" in report["gaclip"]


def test_gaclip_model_info_text(model):
    result = cli.run(INFO, model)
    assert result.returncode == 0, result.stderr
    assert "Image tower" in result.stdout and "Provenance" in result.stdout
    assert f"f32, {model.stat().st_size / 1e6:.1f} MB" in result.stdout


def test_gaclip_model_info_foreign(tmp_path):
    state = tiny_clip.state_dict()
    folder = tiny_clip.write_folder(tmp_path / "clip", state)
    report = json.loads(cli.run(INFO, folder, "--json").stdout)
    file = folder / "model.safetensors"
    assert report["bytes"] == file.stat().st_size
    assert report["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    visual = sum(value.size for name, value in state.items() if name.startswith("visual."))
    assert report["parameters"]["vision"] == visual
    assert report["parameters"]["proposal"] == 0
    assert report["gaclip"]["training"]["configuration"] == "config.json"


def split(data):
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def join(header, body):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def edited(change):
    """A damage that edits the header as JSON."""

    def damage(data):
        header, body = split(data)
        first = next(name for name in header if name != "__metadata__")
        change(header, first)
        return join(header, body)

    return damage


def metadata_edited(change):
    def damage(header, _):
        config = json.loads(header["__metadata__"]["gaclip"])
        change(config)
        header["__metadata__"]["gaclip"] = json.dumps(config)

    return edited(damage)


DAMAGES = {
    "empty": lambda data: b"",
    "seven bytes": lambda data: data[:7],
    "header cut": lambda data: data[:200],
    "body cut": lambda data: data[:-4],
    "bytes behind the end": lambda data: data + b"1234",
    "huge header": lambda data: struct.pack("<Q", 2**62) + data[8:],
    "header past the end": lambda data: struct.pack("<Q", len(data)) + data[8:],
    "no JSON": lambda data: data[:8] + b"x" * (len(data) - 8),
    "a list": lambda data: struct.pack("<Q", 2) + b"[]",
    "no metadata": edited(lambda header, _: header.pop("__metadata__")),
    "metadata is text": edited(lambda header, _: header.update(__metadata__="words")),
    "no gaclip object": edited(lambda header, _: header["__metadata__"].pop("gaclip")),
    "tensor missing": edited(lambda header, first: header.pop(first)),
    "unknown dtype": edited(lambda header, first: header[first].update(dtype="Q7")),
    "shape too large": edited(lambda header, first: header[first].update(shape=[2**40, 2**40])),
    "shape negative": edited(lambda header, first: header[first].update(shape=[-1])),
    "offsets reversed": edited(lambda header, first: header[first].update(data_offsets=[8, 0])),
    "offsets outside": edited(
        lambda header, first: header[first].update(data_offsets=[2**50, 2**50 + 4])
    ),
    "width is a lie": metadata_edited(lambda config: find(config, "vision").update(width=31)),
    "heads do not divide": metadata_edited(lambda config: find(config, "vision").update(heads=7)),
    "no patch": metadata_edited(lambda config: find(config, "vision").update(patch_size=0)),
    "endless blocks": metadata_edited(lambda config: find(config, "text").update(layers=2**31)),
}


def find(config, key):
    """The object under `key`, wherever it stands."""
    if key in config:
        return config[key]
    return next(find(v, key) for v in config.values() if isinstance(v, dict) and holds(v, key))


def holds(config, key):
    return key in config or any(holds(v, key) for v in config.values() if isinstance(v, dict))


@pytest.mark.parametrize("name", DAMAGES)
def test_gaclip_model_damaged(model, town, tmp_path, name):
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(DAMAGES[name](model.read_bytes()))
    cli.assert_fails(INFO, "damaged.safetensors", names=["damaged.safetensors"])
    cli.assert_fails(
        "gaclip-detect", town.scene, "-c", "tank", "--model", "damaged.safetensors",
        names=["damaged.safetensors"],
    )


def test_gaclip_model_missing():
    cli.assert_fails(INFO, "nothing.safetensors", names=["nothing.safetensors"])


def test_gaclip_model_is_a_raster(town):
    cli.assert_fails(INFO, town.scene, names=["town.tif"])


def test_gaclip_model_is_a_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    cli.assert_fails(INFO, "folder", names=["folder"])
