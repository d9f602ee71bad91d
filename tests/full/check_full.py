#!/usr/bin/python3
"""Models of full size, read and converted, beside the embeddings that PyTorch gives.

    check_full.py BUILD [--config NAME]... [--naming openai|hf]... [--dtype f32|f16|bf16]...
                        [--folder FOLDER]

For every case the generator of reference weights (make_fixtures.py in the folder that GACLIP_ORACLE
names, default ../shared/oracle; it needs python3-torch, python3-torchvision, python3-pil and
python3-regex) writes a model into a folder of its own below FOLDER (default: the system's temporary
one; 1 to 8 GB), which is deleted behind the case. The model is opened as it is and after
gaclip-model convert. Embeddings and logits must agree within d <= 1e-4, the rounded weights of f16
and bf16 files being the reference's own, and the logits must rank the texts alike. bf16 files are
also run with products in bf16: embeddings within 1e-2, and the logits must rank the texts alike,
but for texts that are closer than 1e-2 of the largest logit, which may change places. How far those
logits are off is printed and has no limit of its own: d is a share of the largest, and embeddings
of random weights are nearly orthogonal, so that the largest cosine is small beside the length that
the embeddings' error is a share of. Without --config all of the generator's are taken; vit-h-14 (in
Hugging Face's names) is there for the asking.

Prints the seconds, the seconds of processors and the memory (peak MiB) of every step. Exits with 1
where something differs, and with 0 and a message where the generator or what it imports is missing.
"""
import argparse
import importlib.util
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

MODULES = ["torch", "torchvision", "numpy", "PIL", "regex"]  # what the generator imports
CONFIGS = ["vit-b-32", "vit-b-16", "vit-l-14", "vit-l-14-336"]
# OpenAI's names come without a configuration, and the generator writes quick_gelu, which no published
# model of this width has.
NOT_GUESSED = [("vit-h-14", "openai")]
LIMITS = {"f32": 1e-4, "bf16": 1e-2}
NOT_HERE = 77  # full_parity's way to say that the processor lacks a precision
VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"

# The generator with one more architecture: embedding, image tower, text tower.
GENERATOR = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import make_fixtures
make_fixtures.FULL["vit-h-14"] = (1024, (224, 14, 1280, 32, 16), (1024, 24, 16))
make_fixtures.main()
"""


class Failure(Exception):
    pass


def run(arguments, may_end_with=(0,)):
    """Output, exit status, what it took of a program."""
    start = time.monotonic()
    process = subprocess.Popen(
        list(map(str, arguments)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    # Neither program says more than a pipe holds.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    output, errors = process.communicate()
    if process.returncode not in may_end_with:
        raise Failure((errors.strip() or f"ended with {process.returncode}").splitlines()[-1])
    seconds, processors = time.monotonic() - start, usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss // 1024
    return output, process.returncode, f"{seconds:7.1f} s ({processors:.1f} CPU) {peak:6} MiB peak"


def generate(oracle, folder, config, naming, dtype):
    arguments = ["--config", config, "--naming", naming, "--dtype", dtype, "--out", folder]
    _, _, cost = run([sys.executable, "-c", GENERATOR, oracle, *arguments])
    shutil.copy(oracle / "tokenizer" / VOCABULARY, folder)
    print(f"    {'generated':18} {cost}")


def compare(build, title, model, io, precision):
    output, status, cost = run(
        [build / "tests" / "full" / "full_parity", model, io, precision], (0, NOT_HERE)
    )
    if status == NOT_HERE:
        print(f"    {title:18} skipped: this processor does not multiply {precision}")
        return True
    found = json.loads(output)
    limited = ["image", "text", "image_rows", "text_rows"] + ["logits"] * (precision == "f32")
    worst, swap = max(found[name] for name in limited), found["widest_swap"]
    right = worst <= LIMITS[precision] and swap <= (LIMITS["bf16"] if precision == "bf16" else 0)
    ranks = f"ranks texts {100 * swap:.2g} % apart otherwise" if swap else "ranks alike"
    size = model.stat().st_size if model.is_file() else (model / "model.safetensors").stat().st_size
    print(
        f"    {title:18} {cost}, d: image {found['image']:.1e}, text "
        f"{found['text']:.1e}, logits {found['logits']:.1e}, rows: image "
        f"{found['image_rows']:.1e}, text {found['text_rows']:.1e}, {ranks}; first image after "
        f"{found['first_image_s']:.2f} s with {found['resident_mib']} MiB resident "
        f"({found['anonymous_mib']} not of the file's {size >> 20}){'' if right else '  FAILED'}"
    )
    return right


def check(build, oracle, folder, config, naming, dtype):
    generate(oracle, folder, config, naming, dtype)
    io, converted = folder / "io.safetensors", folder / "converted" / "gaclip.safetensors"
    # Hugging Face's files are found in their folder, a state dict is named.
    model = folder if naming == "hf" else folder / "model.safetensors"
    right = compare(build, "as it is", model, io, "f32")
    converted.parent.mkdir()
    _, _, cost = run([build / "bin" / "gaclip-model", "convert", model, converted])
    print(f"    {'converting':18} {cost}")
    right &= compare(build, "converted", converted, io, "f32")
    if dtype == "bf16":
        right &= compare(build, "products in bf16", converted, io, "bf16")
    return right


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--config", action="append", choices=CONFIGS + ["vit-h-14"])
    parser.add_argument("--naming", action="append", choices=["openai", "hf"])
    parser.add_argument("--dtype", action="append", choices=["f32", "f16", "bf16"])
    parser.add_argument("--folder")
    return parser.parse_args()


def main():
    arguments = parse()
    oracle = pathlib.Path(os.environ.get("GACLIP_ORACLE") or "../shared/oracle").resolve()
    if not (oracle / "make_fixtures.py").exists():
        print(f"check-full: skipped: no {oracle}/make_fixtures.py; set GACLIP_ORACLE")
        return 0
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if missing:
        print(f"check-full: skipped: {sys.executable} lacks {', '.join(missing)}")
        return 0
    failed = 0
    for case in itertools.product(
        arguments.config or CONFIGS,
        arguments.naming or ["openai", "hf"],
        arguments.dtype or ["f32", "f16", "bf16"],
    ):
        if case[:2] in NOT_GUESSED:
            print(*case, "skipped: without a configuration its activation would be guessed wrong")
            continue
        print(*case, flush=True)
        with tempfile.TemporaryDirectory(prefix="gaclip-full-", dir=arguments.folder) as folder:
            try:
                failed += not check(arguments.build, oracle, pathlib.Path(folder), *case)
            except Failure as failure:
                print(f"    FAILED: {failure}")
                failed += 1
        sys.stdout.flush()
    print(f"check-full: {failed} cases failed" if failed else "check-full: all agree")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
