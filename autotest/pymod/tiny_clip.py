"""A small CLIP of random weights, in the files that others publish, and safetensors in Python."""

import json
import pathlib
import struct

import numpy

WIDTH, LAYERS, HEADS = 32, 2, 2  # of the image tower
TEXT_WIDTH, TEXT_LAYERS, TEXT_HEADS = 16, 1, 2
IMAGE, PATCH, CONTEXT, EMBED = 32, 8, 77, 12
MERGES = ["t a", "ta n", "tan k</w>", "p o", "po o"]
VOCABULARY = 512 + len(MERGES) + 2

DTYPES = {"F32": numpy.float32, "F16": numpy.float16, "BF16": numpy.uint16, "I8": numpy.int8, "U8": numpy.uint8}


def bf16(values):
    """The upper halves of floats, rounded to nearest, ties to even."""
    bits = numpy.asarray(values, numpy.float32).view(numpy.uint32).astype(numpy.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16)


def from_bf16(halves):
    return (halves.astype(numpy.uint32) << 16).view(numpy.float32)


def read_safetensors(path):
    """The metadata, and name: (dtype, array as stored)."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    body, tensors = memoryview(data)[8 + size :], {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = numpy.frombuffer(body[begin:end], DTYPES[entry["dtype"]])
        tensors[name] = entry["dtype"], array.reshape(entry["shape"])
    return metadata, tensors


def write_safetensors(path, tensors):
    """f32 and f16 arrays."""
    header, body = {}, b""
    for name, array in tensors.items():
        dtype = "F16" if array.dtype == numpy.float16 else "F32"
        raw = numpy.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)


def state_dict(seed=1):
    """In OpenAI's names."""
    rng = numpy.random.default_rng(seed)

    def normal(*shape):
        return rng.normal(0, 0.1, shape).astype(numpy.float32)

    def blocks(prefix, layers, width):
        for i in range(layers):
            at = f"{prefix}transformer.resblocks.{i}."
            for norm in ("ln_1", "ln_2"):
                yield f"{at}{norm}.weight", 1 + normal(width)
                yield f"{at}{norm}.bias", normal(width)
            for name, out, into in [
                ("attn.in_proj_", 3 * width, width),
                ("attn.out_proj.", width, width),
                ("mlp.c_fc.", 4 * width, width),
                ("mlp.c_proj.", width, 4 * width),
            ]:
                yield f"{at}{name}weight", normal(out, into)
                yield f"{at}{name}bias", normal(out)

    return {
        "logit_scale": numpy.float32(2.6592),
        "visual.class_embedding": normal(WIDTH),
        "visual.conv1.weight": normal(WIDTH, 3, PATCH, PATCH),
        "visual.positional_embedding": normal(1 + (IMAGE // PATCH) ** 2, WIDTH),
        **{f"visual.{n}.weight": 1 + normal(WIDTH) for n in ("ln_pre", "ln_post")},
        **{f"visual.{n}.bias": normal(WIDTH) for n in ("ln_pre", "ln_post")},
        "visual.proj": normal(WIDTH, EMBED),
        "token_embedding.weight": normal(VOCABULARY, TEXT_WIDTH),
        "positional_embedding": normal(CONTEXT, TEXT_WIDTH),
        "ln_final.weight": 1 + normal(TEXT_WIDTH),
        "ln_final.bias": normal(TEXT_WIDTH),
        "text_projection": normal(TEXT_WIDTH, EMBED),
        **dict(blocks("visual.", LAYERS, WIDTH)),
        **dict(blocks("", TEXT_LAYERS, TEXT_WIDTH)),
    }


def hugging_face(state):
    """The same weights in Hugging Face's names: projections transposed, q, k and v apart."""
    out = {}
    places = {
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "visual.proj": "visual_projection.weight",
        "text_projection": "text_projection.weight",
    }
    parts = [
        ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
        ("transformer.resblocks.", "text_model.encoder.layers."),
        ("visual.ln_pre.", "vision_model.pre_layrnorm."),
        ("visual.ln_post.", "vision_model.post_layernorm."),
        ("ln_final.", "text_model.final_layer_norm."),
        (".ln_1.", ".layer_norm1."),
        (".ln_2.", ".layer_norm2."),
        (".attn.", ".self_attn."),
        ("c_fc", "fc1"),
        ("c_proj", "fc2"),
    ]
    for name, value in state.items():
        theirs = places.get(name, name)
        if name not in places:
            for ours, other in parts:
                theirs = theirs.replace(ours, other)
        if ".in_proj_" in theirs:
            for part, piece in zip("qkv", numpy.split(value, 3)):
                out[theirs.replace("in_proj_", f"{part}_proj.")] = piece
        else:
            out[theirs] = value.T if theirs.endswith("_projection.weight") else value
    return out


def hugging_face_config():
    def tower(width, layers, heads, **more):
        return {
            "hidden_size": width,
            "intermediate_size": 4 * width,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5,
            **more,
        }

    return {
        "model_type": "clip",
        "projection_dim": EMBED,
        "vision_config": tower(WIDTH, LAYERS, HEADS, image_size=IMAGE, patch_size=PATCH),
        "text_config": tower(
            TEXT_WIDTH, TEXT_LAYERS, TEXT_HEADS,
            vocab_size=VOCABULARY, max_position_embeddings=CONTEXT,
        ),
    }


def write_merges(path):
    pathlib.Path(path).write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n")


def write_folder(folder, state=None):
    """A Hugging Face folder; returns its path."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", hugging_face(state or state_dict()))
    (folder / "config.json").write_text(json.dumps(hugging_face_config()))
    write_merges(folder / "merges.txt")
    return folder


def write_file(path, state=None):
    """A safetensors file in OpenAI's names, with configuration and tokenizer beside it."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_safetensors(path, state or state_dict())
    path.with_suffix(".json").write_text(json.dumps(hugging_face_config()))
    write_merges(path.parent / "merges.txt")
    return path
