"""gaclip-model convert: one self-describing file from weights of any kind."""

import hashlib
import json

import numpy
import pytest

import cli
import tiny_clip

CONVERT = "gaclip-model convert"


def convert(*arguments):
    result = cli.run(CONVERT, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def gaclip(path):
    return json.loads(tiny_clip.read_safetensors(path)[0]["gaclip"])


def weights(path):
    """Every tensor but the merges, widened to f32."""
    out = {}
    for name, (dtype, array) in tiny_clip.read_safetensors(path)[1].items():
        if name != "tokenizer.merges":
            out[name] = tiny_clip.from_bf16(array) if dtype == "BF16" else array.astype("f4")
    return out


def assert_same(found, expected):
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        assert numpy.array_equal(found[name], value), name


def test_gaclip_model_convert_folder(tmp_path):
    state = tiny_clip.state_dict()
    folder = tiny_clip.write_folder(tmp_path / "clip", state)
    printed = convert(f"{folder}/", "out.safetensors")
    assert_same(weights("out.safetensors"), state)
    _, tensors = tiny_clip.read_safetensors("out.safetensors")
    merges = bytes(tensors["tokenizer.merges"][1]).decode().splitlines()
    assert merges[1:] == tiny_clip.MERGES and merges[0].startswith("#version")
    described = gaclip("out.safetensors")
    architecture = described["architecture"]
    assert architecture["vision"]["width"] == tiny_clip.WIDTH
    assert architecture["text"]["context_length"] == 77
    assert architecture["activation"] == "quick_gelu"
    assert "quick_gelu" in printed and "context 77" in printed
    [entry] = described["training"]["conversions"]
    assert entry["from"] == "clip"
    assert entry["dtype"] == "f32"
    assert entry["sha256"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert str(tmp_path) not in json.dumps(described)


def test_gaclip_model_convert_stands_alone(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    convert(folder, "out.safetensors")
    for file in folder.iterdir():
        file.unlink()
    convert("out.safetensors", "again.safetensors")
    assert_same(weights("again.safetensors"), weights("out.safetensors"))


def test_gaclip_model_convert_openai_names(tmp_path):
    state = tiny_clip.state_dict()
    named = {f"module.{name}": value for name, value in state.items()}
    convert(tiny_clip.write_file(tmp_path / "vit" / "b.safetensors", named), "out.safetensors")
    assert_same(weights("out.safetensors"), state)


def test_gaclip_model_convert_torch(tmp_path):
    torch = pytest.importorskip("torch")
    state = tiny_clip.state_dict()
    path = tiny_clip.write_file(tmp_path / "vit" / "b.safetensors", state)
    path.unlink()
    archive = path.with_suffix(".pt")
    torch.save({k: torch.from_numpy(numpy.array(v)) for k, v in state.items()}, archive)
    convert(archive, "out.safetensors")
    assert_same(weights("out.safetensors"), state)


@pytest.mark.parametrize("dtype", ["f16", "bf16"])
def test_gaclip_model_convert_narrow(tmp_path, dtype):
    """Matrices are rounded to nearest, ties to even; vectors stay f32."""
    state = tiny_clip.state_dict()
    ties = state["visual.proj"].reshape(-1)
    ties[:6] = [1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, 2**-24 * 1.5, -(2**-25)]
    convert(tiny_clip.write_folder(tmp_path / "clip", state), "out.safetensors", "--dtype", dtype)
    _, tensors = tiny_clip.read_safetensors("out.safetensors")
    for name, value in state.items():
        stored, array = tensors[name]
        if value.ndim < 2:
            assert stored == "F32" and numpy.array_equal(array, value), name
            continue
        assert stored == dtype.upper(), name
        expected = value.astype(numpy.float16) if dtype == "f16" else tiny_clip.bf16(value)
        assert numpy.array_equal(array.view(numpy.uint16), expected.view(numpy.uint16)), name
    # Reading widens exactly, and what was narrow stays so unless asked otherwise.
    convert("out.safetensors", "wide.safetensors", "--dtype", "f32")
    assert_same(weights("wide.safetensors"), weights("out.safetensors"))
    convert("out.safetensors", "same.safetensors")
    _, same = tiny_clip.read_safetensors("same.safetensors")
    assert {n: d for n, (d, _) in same.items()} == {n: d for n, (d, _) in tensors.items()}


def test_gaclip_model_convert_int8(tmp_path):
    """Rows of linear layers as multiples of a scale; other matrices bf16, vectors f32."""
    state = tiny_clip.state_dict()
    convert(tiny_clip.write_folder(tmp_path / "clip", state), "out.safetensors", "--dtype", "int8")
    _, tensors = tiny_clip.read_safetensors("out.safetensors")
    linear = [n for n, v in state.items() if ".resblocks." in n and v.ndim == 2]
    assert len(linear) == 4 * (tiny_clip.LAYERS + tiny_clip.TEXT_LAYERS)
    for name in linear:
        (stored, q), (of_scales, scales) = tensors.pop(name), tensors.pop(f"{name}.scale")
        assert (stored, of_scales) == ("I8", "F32")
        expected = numpy.abs(state[name]).max(axis=1) / 127
        assert numpy.allclose(scales, expected, rtol=1e-6)
        assert numpy.array_equal(numpy.abs(q.astype(int)).max(axis=1), numpy.full(len(q), 127))
        assert numpy.abs(q * scales[:, None] - state[name]).max() <= 0.501 * scales.max()
    for name, (stored, _) in tensors.items():
        if name != "tokenizer.merges":
            assert stored == ("BF16" if state[name].ndim > 1 else "F32"), name
    assert gaclip("out.safetensors")["training"]["conversions"][0]["dtype"] == "int8"
    # What is rounded once stays, in this type and in f32.
    convert("out.safetensors", "same.safetensors")
    _, first = tiny_clip.read_safetensors("out.safetensors")
    _, same = tiny_clip.read_safetensors("same.safetensors")
    for name in linear:
        assert numpy.array_equal(first[name][1], same[name][1]), name


def test_gaclip_model_convert_too_large_for_f16(tmp_path):
    state = tiny_clip.state_dict()
    state["visual.proj"][3, 2] = 65520
    folder = tiny_clip.write_folder(tmp_path / "clip", state)
    convert(folder, "out.safetensors")
    cli.assert_fails(
        CONVERT, folder, "out.safetensors", "--dtype", "f16", "--overwrite",
        names=["visual.proj", "bf16"],
    )


def stretched(table):
    """Long-CLIP's formula, line by line."""
    new = numpy.zeros((248, table.shape[1]))
    new[:20] = table[:20]
    for i in range(56):
        for k in range(4):
            new[20 + 4 * i + k] = ((4 - k) * table[20 + i] + k * table[21 + i]) / 4
    for k in range(4):
        new[244 + k] = table[76] + k * (table[76] - table[75]) / 4
    return new


@pytest.mark.parametrize("own", [False, True])
def test_gaclip_model_convert_stretch(tmp_path, own):
    state = tiny_clip.state_dict()
    source = tiny_clip.write_folder(tmp_path / "clip", state)
    if own:
        convert(source, "short.safetensors")
        source = "short.safetensors"
    convert(source, "long.safetensors", "--context", 248)
    found = weights("long.safetensors")
    expected = stretched(state["positional_embedding"].astype(float))
    assert numpy.abs(found.pop("positional_embedding") - expected).max() < 1e-7
    state.pop("positional_embedding")
    assert_same(found, state)
    described = gaclip("long.safetensors")
    assert described["architecture"]["text"]["context_length"] == 248
    assert described["training"]["conversions"][-1]["context"] == 248


def test_gaclip_model_convert_cut(tmp_path):
    state = tiny_clip.state_dict()
    convert(tiny_clip.write_folder(tmp_path / "clip", state), "short.safetensors", "--context", 40)
    assert numpy.array_equal(
        weights("short.safetensors")["positional_embedding"], state["positional_embedding"][:40]
    )


def test_gaclip_model_convert_context_that_cannot_be(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    cli.assert_fails(
        CONVERT, folder, "out.safetensors", "--context", 100, names=["100", "248"]
    )


def test_gaclip_model_convert_activation(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    convert(folder, "out.safetensors", "--activation", "gelu")
    described = gaclip("out.safetensors")
    assert described["architecture"]["activation"] == "gelu"
    assert described["training"]["conversions"][0]["activation"] == "gelu"


def test_gaclip_model_convert_keeps_a_trained_model(model, town):
    convert(model, "a.safetensors")
    convert("a.safetensors", "b.safetensors")
    before, after = gaclip(model), gaclip("b.safetensors")
    names = [entry["from"] for entry in after["training"].pop("conversions")]
    assert names == [model.name, "a.safetensors"]
    assert after == before
    assert_same(weights("b.safetensors"), weights(model))
    for name, source in [("x", model), ("y", "b.safetensors")]:
        result = cli.run(
            "gaclip-detect", town.scene, "-c", "tank", "--model", source,
            "--min-score", 0, "-o", f"{name}.csv",
        )
        assert result.returncode == 0, result.stderr
    columns = [
        [line.split(",")[:3] for line in open(f"{name}.csv")] for name in ("x", "y")
    ]
    assert len(columns[0]) > 1 and columns[0] == columns[1]


def test_gaclip_model_convert_scales(model, tmp_path):
    convert(model, "scales.safetensors", "--octaves", 2, "--finer", 1)
    described = gaclip("scales.safetensors")
    assert described["architecture"]["proposal"]["octaves"] == 2
    assert described["architecture"]["proposal"]["finer"] == 1
    step = described["training"]["conversions"][-1]
    assert (step["octaves"], step["finer"]) == (2, 1)
    convert("scales.safetensors", "again.safetensors", "--finer", 0)
    assert gaclip("again.safetensors")["architecture"]["proposal"]["octaves"] == 2
    assert "octaves" not in gaclip("again.safetensors")["training"]["conversions"][-1]
    cli.assert_fails(
        CONVERT, model, "x.safetensors", "--finer", 3, names=["--finer", "2"], exit_code=2
    )
    folder = tiny_clip.write_folder(tmp_path / "clip")
    cli.assert_fails(
        CONVERT, folder, "x.safetensors", "--finer", 1, names=["clip", "no proposal head"]
    )
    assert not (tmp_path / "x.safetensors").exists()


def test_gaclip_model_convert_is_deterministic(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    for name in ("a", "b"):
        convert(folder, f"{name}.safetensors", "--dtype", "bf16")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_gaclip_model_convert_in_place(tmp_path):
    convert(tiny_clip.write_folder(tmp_path / "clip"), "m.safetensors")
    cli.assert_fails(CONVERT, "m.safetensors", "m.safetensors", names=["--overwrite"])
    convert("m.safetensors", "m.safetensors", "--context", 248, "--overwrite", "--quiet")
    assert gaclip("m.safetensors")["architecture"]["text"]["context_length"] == 248


def test_gaclip_model_convert_tokenizer(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    (folder / "merges.txt").rename(tmp_path / "words.txt")
    cli.assert_fails(CONVERT, folder, "out.safetensors", names=["clip", "--tokenizer"])
    convert(folder, "out.safetensors", "--tokenizer", "words.txt")
    assert cli.run("gaclip-model info", "out.safetensors").returncode == 0


def test_gaclip_model_convert_extra_tensors(tmp_path):
    state = tiny_clip.state_dict()
    extra = {**state, "decoder.weight": numpy.zeros((2, 2), numpy.float32)}
    path = tiny_clip.write_file(tmp_path / "vit" / "b.safetensors", extra)
    cli.assert_fails(CONVERT, path, "out.safetensors", names=["b.safetensors", "decoder.weight"])
    convert(path, "out.safetensors", "--ignore-extra")
    assert_same(weights("out.safetensors"), state)


@pytest.mark.parametrize(
    "option, value, name",
    [("--dtype", "int4", "bf16"), ("--activation", "relu", "quick_gelu")],
)
def test_gaclip_model_convert_wrong_word(tmp_path, option, value, name):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    cli.assert_fails(
        CONVERT, folder, "out.safetensors", option, value, names=[value, name]
    )


def test_gaclip_model_convert_no_folder(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    cli.assert_fails(CONVERT, folder, "nowhere/out.safetensors", names=["nowhere"])
