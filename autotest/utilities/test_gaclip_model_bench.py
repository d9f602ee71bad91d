"""gaclip-model bench: fields and operations. How long anything takes is no matter of a test."""

import json

import pytest

import cli
import tiny_clip

BENCH = "gaclip-model bench"


def bench(path):
    result = cli.run(BENCH, path, "--json", "--repeat", 2, "--threads", 1)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def block_flops(tokens, width):
    """Product by product: (rows, inner, columns), twice their number a product."""
    products = [
        (tokens, width, 3 * width),  # query, key and value
        (tokens, width, tokens),  # scores of all heads
        (tokens, tokens, width),  # their mixing
        (tokens, width, width),
        (tokens, width, 4 * width),
        (tokens, 4 * width, width),
    ]
    return sum(2 * a * b * c for a, b, c in products)


def image_flops(vision, embed):
    """Also of a stem: convolutions of 3 x 3 that halve the side."""
    side, channels, total = vision["image_size"], 3, 0
    for width in vision["stem"]:
        side //= 2
        total += 2 * side * side * 9 * channels * width
        channels = width
    patch = vision["patch_size"] >> len(vision["stem"])
    patches = (side // patch) ** 2
    total += 2 * patches * channels * patch * patch * vision["width"]
    total += vision["layers"] * block_flops(1 + patches, vision["width"])
    return total + 2 * vision["width"] * embed


def test_gaclip_model_bench_fields(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    report = bench(folder)
    assert report["flops_per_image"] == image_flops(
        {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "stem": []}, 12
    )
    assert report["flops_per_text"] == block_flops(77, 16) + 2 * 16 * 12
    assert report["flops"] == report["flops_per_image"] + report["flops_per_text"]
    assert report["parameters"] == sum(v.size for v in tiny_clip.state_dict().values())
    assert report["image_tokens"] == 17 and report["text_tokens"] == 77
    for name in ("ms_per_token", "ms_per_image", "ms_per_text", "peak_memory_mib"):
        assert report[name] > 0, name
    assert report["repeat"] == 2 and report["threads"] == 1 and report["precision"] == "f32"
    pair = report["ms_per_image"] + report["ms_per_text"]
    assert report["ms_per_token"] == pytest.approx(pair / (17 + 77))


def test_gaclip_model_bench_stem(model):
    info = json.loads(cli.run("gaclip-model info", model, "--json").stdout)
    architecture = info["gaclip"]["architecture"]
    assert architecture["vision"]["stem"]
    report = bench(model)
    assert report["flops_per_image"] == image_flops(
        architecture["vision"], architecture["embed_dim"]
    )
    assert report["parameters"] == info["parameters"]["total"]


def test_gaclip_model_bench_table(tmp_path):
    folder = tiny_clip.write_folder(tmp_path / "clip")
    result = cli.run(BENCH, folder, "--repeat", 1)
    assert result.returncode == 0, result.stderr
    heading, row = result.stdout.splitlines()[:2]
    for column in ("Param. (M)", "Lat. (ms/token)", "FLOPs (T)", "ms/image", "ms/text", "Memory"):
        assert column in heading
    parameters = sum(v.size for v in tiny_clip.state_dict().values())
    assert f" {parameters / 1e6:.2f} " in row


def test_gaclip_model_bench_missing():
    cli.assert_fails(BENCH, "nothing.safetensors", names=["nothing.safetensors"])


def test_gaclip_model_bench_wrong_precision(model):
    cli.assert_fails(BENCH, model, "--precision", "f8", names=["f8"])


def test_gaclip_model_bench_batch(model):
    result = cli.run(BENCH, model, "--batch", 3, "--repeat", 1, "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["batch"] == 3
    assert report["ms_to_open"] > 0 and report["ms_to_first_image"] > 0
