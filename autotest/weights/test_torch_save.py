"""Files that PyTorch itself writes load bit by bit; needs Debian's python3-torch."""

import collections
import json

import numpy
import pytest

import cli
import clip_weights

torch = pytest.importorskip("torch", reason="PyTorch is not there: install python3-torch")

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64}


@pytest.fixture(scope="module")
def arrays():
    return clip_weights.state_dict()


@pytest.fixture
def tensors(arrays):
    return {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}


def check(path, arrays, dtype="F32"):
    assert clip_weights.dump(path) == clip_weights.expected(arrays, dtype)


def check_model(path, arrays):
    """The same numbers arrive in the model's parameters."""
    clip_weights.write_tokenizer(path.parent)
    assert clip_weights.dump(path, as_model=True) == clip_weights.expected(arrays)
    result = cli.run("gaclip-model info", "--json", path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(tmp_path, arrays, tensors, dtype):
    path = tmp_path / "model.pt"
    torch.save({name: t.to(DTYPES[dtype]) for name, t in tensors.items()}, path)
    check(path, arrays, dtype)
    check_model(path, arrays)


def test_halves_of_any_value(tmp_path):
    """Every f16 and bf16 bit pattern that is finite."""
    patterns = torch.from_numpy(numpy.arange(-32768, 32768, dtype=numpy.int32)).to(torch.int16)
    halves = {"f16": patterns.view(torch.float16), "bf16": patterns.view(torch.bfloat16)}
    finite = {name: t[torch.isfinite(t.float())].clone() for name, t in halves.items()}
    torch.save(finite, tmp_path / "halves.pt")
    dumped = clip_weights.dump(tmp_path / "halves.pt")
    for name, t in finite.items():
        assert dumped[name][2] == clip_weights.digest(t.float().numpy())


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "module"])
def test_nested(tmp_path, arrays, tensors, key):
    """Training checkpoints: the optimiser's tensors and numbers are passed over."""
    momentum = {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(5)}}
    groups = [{"lr": 1e-4, "betas": (0.9, 0.98), "fused": None, "params": [0], "amsgrad": False}]
    path = tmp_path / "epoch_3.pt"
    torch.save(
        {
            "epoch": 3, "name": "run", "seed": 2**70, "loss": -1.5, "scaler": {"scale": 65536.0},
            "optimizer": {"state": momentum, "param_groups": groups}, key: tensors,
        },
        path,
    )
    check(path, arrays)
    check_model(path, arrays)


@pytest.mark.parametrize("prefix", ["module.", "clip.", "model.", "module.clip.", "_orig_mod."])
def test_prefixes(tmp_path, arrays, tensors, prefix):
    path = tmp_path / "wrapped.pt"
    torch.save({prefix + name: t for name, t in tensors.items()}, path)
    check_model(path, arrays)


def test_strides(tmp_path):
    """Transposed, sliced, stepped, repeated: views are stored with the storage that they look at."""
    base = torch.arange(7 * 10 * 6, dtype=torch.float32).reshape(7, 10, 6) / 3
    views = {
        "transposed": base[0].t(),
        "permuted": base.permute(2, 0, 1),
        "slice": base[2:5, 3:, 1:4],
        "stepped": base[::2, 1::3, ::5],
        "column": base[:, 4, 2],
        "repeated": base[1, 2:3, :].expand(4, 6),
        "one": base[3, 3, 3],
        "empty": base[:, :0],
        "half": base.half().permute(1, 0, 2)[3:],
        "brain": base.bfloat16()[:, ::3].transpose(0, 2),
    }
    assert not views["transposed"].is_contiguous() and views["repeated"].stride(0) == 0
    torch.save(views, tmp_path / "views.pt")
    dumped = clip_weights.dump(tmp_path / "views.pt")
    assert dumped.keys() == views.keys()
    for name, view in views.items():
        assert dumped[name][2] == clip_weights.digest(view.float().numpy()), name


def test_non_contiguous_model(tmp_path, arrays, tensors):
    path = tmp_path / "strided.pt"
    strided = {
        name: t.t().contiguous().t() if t.dim() == 2 else t for name, t in tensors.items()
    }
    assert not strided["visual.proj"].is_contiguous()
    torch.save(strided, path)
    check(path, arrays)
    check_model(path, arrays)


def test_shared_storage(tmp_path, arrays, tensors):
    """All weights as views of one flat storage, as some optimisers keep them."""
    flat = torch.cat([t.reshape(-1) for t in tensors.values()])
    views, at = {}, 0
    for name, t in tensors.items():
        views[name] = flat[at : at + t.numel()].view(t.shape)
        at += t.numel()
    path = tmp_path / "flat.pt"
    torch.save(views, path)
    check(path, arrays)
    check_model(path, arrays)


def test_tied(tmp_path, arrays, tensors):
    """Two names for one tensor, stored once."""
    name, twin = "visual.ln_pre.weight", "visual.ln_post.weight"
    tied = {**tensors, twin: tensors[name]}
    path = tmp_path / "tied.pt"
    torch.save(tied, path)
    check(path, {**arrays, twin: arrays[name]})
    check_model(path, {**arrays, twin: arrays[name]})


def test_module(tmp_path):
    """state_dict() of modules (an OrderedDict with _metadata), parameters, buffers of integers."""
    module = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.LayerNorm(3))
    module.register_buffer("position_ids", torch.arange(4))
    module.register_buffer("mask", torch.tensor([True, False]))
    torch.save(module.state_dict(), tmp_path / "module.pt")
    parameters = collections.OrderedDict(module.named_parameters())
    torch.save(parameters, tmp_path / "parameters.pt")
    values = {name: p.detach().numpy() for name, p in parameters.items()}
    assert clip_weights.dump(tmp_path / "parameters.pt") == clip_weights.expected(values)
    assert clip_weights.dump(tmp_path / "module.pt") == {
        **clip_weights.expected(values),
        "position_ids": ("I64", "[4]", "-"),
        "mask": ("BOOL", "[2]", "-"),
    }


def test_before_1_6(tmp_path, tensors):
    path = tmp_path / "old.pt"
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    cli.assert_fails("gaclip-model info", path, names=[path, "before 1.6", "torch.save"])


def test_whole_module(tmp_path):
    path = tmp_path / "whole.pt"
    torch.save(torch.nn.Linear(2, 2), path)
    cli.assert_fails(
        "gaclip-model info", path, names=[path, "torch.nn.modules.linear.Linear", "state_dict()"]
    )


def test_torchscript(tmp_path):
    path = tmp_path / "ViT-B-32.pt"
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    cli.assert_fails(
        "gaclip-model info", path, names=[path, "TorchScript", "torch.jit.load", "state_dict()"]
    )


def test_colon_in_the_name(tmp_path, arrays, tensors):
    """torch.save names the folder inside after the file."""
    path = tmp_path / "2024-01-01T12:00:00.pt"
    torch.save(tensors, path)
    check(path, arrays)
    check_model(path, arrays)


def test_shards(tmp_path, arrays, tensors):
    shards = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
    names = sorted(tensors)
    weight_map = {name: shards[i % 2] for i, name in enumerate(names)}
    for shard in shards:
        torch.save({n: tensors[n] for n in names if weight_map[n] == shard}, tmp_path / shard)
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    check(index, arrays)
    check_model(index, arrays)
    assert clip_weights.dump(tmp_path, as_model=True) == clip_weights.expected(arrays)


def test_unknown_key(tmp_path, tensors):
    path = tmp_path / "run.pt"
    torch.save({"epoch": 3, "network": {"ema": tensors}}, path)
    cli.assert_fails("gaclip-model info", path, names=[path, "network", "state_dict"])


def test_cut_short(tmp_path, tensors):
    path = tmp_path / "cut.pt"
    torch.save(tensors, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cli.assert_fails("gaclip-model info", path, names=[path, "not copied to its end"])


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt"])
@pytest.mark.parametrize(
    "text, word",
    [("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
     ("<!DOCTYPE html><html><body>Sign in</body></html>", "web page")],
)
def test_not_downloaded(tmp_path, name, text, word):
    path = tmp_path / name
    path.write_text(text)
    cli.assert_fails("gaclip-model info", path, names=[path, word])
