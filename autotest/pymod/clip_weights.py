"""A CLIP model of a few thousand numbers, and what gaclip makes of a weights file."""

import hashlib
import subprocess

import numpy

import cli

DUMP = cli.BIN.parent / "tests" / "dump_weights"

WIDTH, EMBED, PATCH, GRID, BLOCKS = 64, 32, 8, 2, 2
CONTEXT, MERGES = 77, "#version: 0.2\na b\nab c</w>\n"
VOCABULARY = 512 + 2 + 2  # bytes alone and at a word's end, merges, start and end of text


def block(prefix):
    return {
        f"{prefix}ln_1.weight": (WIDTH,),
        f"{prefix}ln_1.bias": (WIDTH,),
        f"{prefix}attn.in_proj_weight": (3 * WIDTH, WIDTH),
        f"{prefix}attn.in_proj_bias": (3 * WIDTH,),
        f"{prefix}attn.out_proj.weight": (WIDTH, WIDTH),
        f"{prefix}attn.out_proj.bias": (WIDTH,),
        f"{prefix}ln_2.weight": (WIDTH,),
        f"{prefix}ln_2.bias": (WIDTH,),
        f"{prefix}mlp.c_fc.weight": (4 * WIDTH, WIDTH),
        f"{prefix}mlp.c_fc.bias": (4 * WIDTH,),
        f"{prefix}mlp.c_proj.weight": (WIDTH, 4 * WIDTH),
        f"{prefix}mlp.c_proj.bias": (WIDTH,),
    }


def shapes():
    """Names as OpenAI's state dicts have them."""
    all_shapes = {
        "visual.class_embedding": (WIDTH,),
        "visual.positional_embedding": (1 + GRID * GRID, WIDTH),
        "visual.conv1.weight": (WIDTH, 3, PATCH, PATCH),
        "visual.ln_pre.weight": (WIDTH,),
        "visual.ln_pre.bias": (WIDTH,),
        "visual.ln_post.weight": (WIDTH,),
        "visual.ln_post.bias": (WIDTH,),
        "visual.proj": (WIDTH, EMBED),
        "token_embedding.weight": (VOCABULARY, WIDTH),
        "positional_embedding": (CONTEXT, WIDTH),
        "ln_final.weight": (WIDTH,),
        "ln_final.bias": (WIDTH,),
        "text_projection": (WIDTH, EMBED),
        "logit_scale": (),
    }
    for number in range(BLOCKS):
        all_shapes |= block(f"visual.transformer.resblocks.{number}.")
        all_shapes |= block(f"transformer.resblocks.{number}.")
    return all_shapes


def state_dict(seed=1):
    """Values on a grid that bf16 holds, so that every dtype stores the same numbers."""
    random = numpy.random.default_rng(seed)
    return {
        name: numpy.asarray(random.integers(-64, 64, shape) / 64, numpy.float32)
        for name, shape in shapes().items()
    }


def write_tokenizer(folder):
    (folder / "merges.txt").write_text(MERGES)


def digest(values):
    return hashlib.sha256(numpy.ascontiguousarray(values, numpy.float32).tobytes()).hexdigest()


def dump(path, as_model=False):
    """name -> (dtype, shape, digest) of a file's tensors, or of a model's parameters."""
    arguments = [DUMP, "--model", path] if as_model else [DUMP, path]
    result = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, timeout=cli.TIMEOUT
    )
    assert result.returncode == 0, result.stderr
    rows = (line.rsplit(" ", 3) for line in result.stdout.splitlines())
    return {name: (dtype, shape, hexadecimal) for name, dtype, shape, hexadecimal in rows}


def expected(tensors, dtype="F32"):
    """What dump says of arrays that were stored as dtype."""
    return {
        name: (dtype, "[" + ",".join(map(str, values.shape)) + "]", digest(values))
        for name, values in tensors.items()
    }
