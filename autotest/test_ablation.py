"""bench/ablation.py: the rows of the ablation from one command."""

import json
import os
import pathlib
import subprocess
import sys

import cli
import tiny_datasets

SCRIPT = pathlib.Path(__file__).parent.parent / "bench" / "ablation.py"
ROWS = ["baseline", "region", "region_visual", "region_visual_negatives", "region_visual_text"]
ROWS += ["all"]
ARCHITECTURE = {
    "embed_dim": 16,
    "vision": {"image_size": 32, "patch_size": 8, "width": 16, "layers": 1, "heads": 2},
    "text": {"context_length": 16, "vocab_size": 560, "width": 16, "layers": 1, "heads": 2},
    "proposal": {"width": 8, "layers": 1, "upsample": 1},
}
FIRST = {"global": 1, "objectness": 1, "box": 1}
SECOND = {**FIRST, "region": 1, "visual": 1, "hard_negative": 1, "text": 1}


def write_data(folder):
    """Captions, and described objects with two splits."""
    tiny_datasets.karpathy(folder, split="val")
    path = tiny_datasets.gaclip(folder, count=9)
    content = json.loads(path.read_text())
    for i, image in enumerate(content["images"]):
        kind = tiny_datasets.KINDS[i % 3]
        image["split"] = "val" if i > 5 else "train"
        image["captions"] = [f"a {kind}"]
        image["detailed_caption"] = f"The image shows a {kind} on dark ground."
    path.write_text(json.dumps(content))


def write_recipe(path):
    source = {"type": "dataset", "path": "set.json", "split": "train"}
    stage = {"steps": 2, "batch": 4, "warmup_steps": 1, "sources": [source]}
    stages = [{**stage, "weights": FIRST}, {**stage, "weights": SECOND}]
    recipe = {"format": "gaclip-recipe", "version": 1,
              "model": {"architecture": ARCHITECTURE}, "stages": stages}
    return tiny_datasets.write_json(path, recipe)


def ablate(*more):
    command = [sys.executable, str(SCRIPT), "recipe.json", "-o", "out", "--regions", "set.json",
               "--retrieval", "dataset.json", "--novel", "pool", "--bin", os.environ["GACLIP_BIN"]]
    return subprocess.run([*command, *more], capture_output=True, text=True)


def test_ablation(tmp_path):
    write_data(tmp_path)
    write_recipe(tmp_path / "recipe.json")
    result = ablate("--seeds", "1,2", "--limit", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    table = (tmp_path / "out/table.md").read_text().splitlines()
    assert len(table) == 2 + len(ROWS)
    assert table[0].startswith("| RPA | VIC | HNA | HTC | regions Acc@1")
    assert [line.count(" x ") for line in table[2:]] == [0, 1, 2, 3, 3, 4]
    results = json.loads((tmp_path / "out/results.json").read_text())
    for column, figures in results.items():
        assert len(figures) == 2 * len(ROWS), column
        assert all(0 <= figure <= 100 for figure in figures.values())
    for row in ROWS:
        info = json.loads(cli.run("gaclip-model info", f"out/{row}-2.safetensors", "--json").stdout)
        stage = info["gaclip"]["training"]["stages"][-1]
        assert stage["seed"] == 2
        assert (stage["weights"]["visual"] > 0) == ("visual" in row or row == "all")
        assert (stage["weights"]["hard_negative"] > 0) == ("negatives" in row or row == "all")


def test_ablation_goes_on(tmp_path):
    """What is there is not trained again; what an interrupted run lacks is."""
    write_data(tmp_path)
    write_recipe(tmp_path / "recipe.json")
    assert ablate("--seeds", "1").returncode == 0
    first = (tmp_path / "out/table.md").read_text()
    kept = tmp_path / "out/baseline-1.safetensors"
    before = kept.stat().st_mtime_ns
    (tmp_path / "out/all-1.safetensors").unlink()
    result = ablate("--seeds", "1")
    assert result.returncode == 0, result.stderr
    assert kept.stat().st_mtime_ns == before
    assert sum("gaclip-train" in line for line in result.stdout.splitlines()) == 1
    assert (tmp_path / "out/table.md").read_text() == first


def test_ablation_loss_without_weight(tmp_path):
    write_data(tmp_path)
    path = write_recipe(tmp_path / "recipe.json")
    recipe = json.loads(path.read_text())
    del recipe["stages"][1]["weights"]["text"]
    path.write_text(json.dumps(recipe))
    result = ablate("--seeds", "1")
    assert result.returncode == 1
    assert result.stderr == 'ablation.py: the second stage has no weight for "text"\n'
