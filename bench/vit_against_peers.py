#!/usr/bin/python3
"""ViT-B/16 of 224 pixels, gaclip beside PyTorch and ONNX Runtime, in one run.

    vit_against_peers.py BENCH_VIT [ROUNDS]

The peers' side are bench_torch.py, export_onnx.py and bench_ort.mjs in the folder that GACLIP_PEERS
names (default ../shared/peers): the image tower alone, forward, and in PyTorch forward + backward in
f32. ONNX Runtime takes part where GACLIP_ORT names a folder into which npm installed
onnxruntime-node and onnxruntime-common; the exported network stays there. Rows marked = do the same
work; the whole step does more: text tower, contrastive loss, gradient norm, AdamW. Programs take
turns, and every figure is the smallest of its rounds, so that what else the machine does weighs
little.
"""
import importlib.util
import os
import re
import subprocess
import sys

# name, arguments of bench_vit, images, the PyTorch figures that it is held against
ROWS = [
    ("= image tower, f32", "encode f32 8", 8, ["torch f32", "ort f32"]),
    ("= image tower, bf16", "encode bf16 8", 8, ["torch f32", "torch bf16", "ort f32"]),
    ("= image tower, int8", "encode int8 8", 8, ["torch f32", "torch bf16", "ort f32"]),
    ("= tower forward + backward, f32", "tower f32 8", 8, ["torch step"]),
    ("= tower forward + backward, bf16", "tower bf16 8", 8, ["torch step"]),
    ("  whole step, f32", "step f32 8", 8, ["torch step"]),
    ("  whole step, bf16", "step bf16 8", 8, ["torch step"]),
    ("  whole step of 32, bf16", "step bf16 32", 32, ["torch step"]),
    ("  whole step of 32, recomputing, f32", "step f32 32 recompute", 32, ["torch step"]),
    ("  whole step of 32, recomputing, bf16", "step bf16 32 recompute", 32, ["torch step"]),
]


PEERS = os.environ.get("GACLIP_PEERS", "../shared/peers")


def torch_script():
    """The peer's script, or None and why it cannot run."""
    script = os.path.join(PEERS, "bench_torch.py")
    if not os.path.exists(script):
        return None, f"no {script}: set GACLIP_PEERS"
    if importlib.util.find_spec("torch") is None:
        return None, "python3-torch is not installed"
    return script, None


def run_torch(script, best):
    """bench_torch.py's figures as seconds an image, into best."""
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    for name, pattern in [
        ("torch f32", r"^fp32 8 imgs ([\d.]+)"),
        ("torch bf16", r"^bf16 8 imgs ([\d.]+)"),
        ("torch step", r"^train step fp32 8 imgs ([\d.]+)"),
    ]:
        for seconds in re.findall(pattern, run.stdout, re.MULTILINE):
            best[name] = min(best.get(name, float("inf")), float(seconds) / 8)


def onnx_runtime():
    """The folder that ONNX Runtime is installed in, with the network; or None and why not."""
    folder = os.environ.get("GACLIP_ORT")
    if not folder:
        return None, "GACLIP_ORT names no folder"
    if not os.path.isdir(os.path.join(folder, "node_modules", "onnxruntime-node")):
        return None, f"{folder} has no node_modules/onnxruntime-node"
    script = os.path.join(PEERS, "export_onnx.py")
    network = os.path.join(folder, "vitb16.onnx")
    if not os.path.exists(network):
        run = subprocess.run([sys.executable, script, network], capture_output=True, text=True)
        if run.returncode:
            return None, f"{script}: {run.stderr.strip().splitlines()[-1]}"
    return folder, None


def run_onnx_runtime(folder, best):
    """bench_ort.mjs' figure for two threads as seconds an image, into best."""
    with open(os.path.join(PEERS, "bench_ort.mjs"), encoding="utf-8") as script:
        run = subprocess.run(
            ["node", "--input-type=module", "-", "vitb16.onnx"],
            stdin=script,
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    for rate in re.findall(r"^onnxruntime f32 threads 2: ([\d.]+)", run.stdout, re.MULTILINE):
        best["ort f32"] = min(best.get("ort f32", float("inf")), 1 / float(rate))


def run_row(program, row, best, memory):
    name, arguments, images, _ = row
    run = subprocess.run([program] + arguments.split(), capture_output=True, text=True)
    if run.returncode:
        print(f"{name}: {run.stderr.strip()}")
        return
    seconds, mebibytes = run.stdout.split()
    best[name] = min(best.get(name, float("inf")), float(seconds) / images)
    memory[name] = int(mebibytes)


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    script, reason = torch_script()
    if script is None:
        print(f"PyTorch is left out: {reason}")
    folder, reason = onnx_runtime()
    if folder is None:
        print(f"ONNX Runtime is left out: {reason}")
    best, memory = {}, {}
    for _ in range(rounds):
        for row in ROWS:
            run_row(program, row, best, memory)
        if script:
            run_torch(script, best)
        if folder:
            run_onnx_runtime(folder, best)
    print(f"ViT-B/16, 224 pixels, {os.cpu_count()} processors, smallest of {rounds} rounds")
    for name in ["torch f32", "torch bf16", "torch step", "ort f32"]:
        if name in best:
            print(f"{name:40} {1 / best[name]:8.2f} images/s")
    for name, _, _, peers in ROWS:
        if name not in best:
            continue
        ratios = [f"{best[p] / best[name]:.2f} x {p}" for p in peers if p in best]
        print(f"{name:40} {1 / best[name]:8.2f} images/s {memory[name]:6} MiB  {', '.join(ratios)}")


if __name__ == "__main__":
    main()
