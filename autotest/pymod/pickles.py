"""Pickles and archives as torch.save writes them, put together by hand: no PyTorch needed, and what
PyTorch would never write can be written too."""

import struct
import zipfile

STOP, MARK, DICT, LIST, NONE, TUPLE, REDUCE = b".", b"(", b"}", b"]", b"N", b"t", b"R"
APPEND, SETITEM, SETITEMS, BUILD, PERSID = b"a", b"s", b"u", b"b", b"Q"
FALSE, EMPTY_TUPLE, STACK_GLOBAL = b"\x89", b")", b"\x93"
PROTOCOL = b"\x80\x02"
STORAGES = {"<f4": "FloatStorage", "<f2": "HalfStorage", "<f8": "DoubleStorage"}


def text(value):
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def sequence(items):
    return MARK + b"".join(items) + TUPLE


def integers(values):
    return sequence(map(integer, values))


def named(module, name):
    return b"c" + f"{module}\n{name}\n".encode()


def call(module, name, *arguments):
    return named(module, name) + sequence(arguments) + REDUCE


def put(index):
    return b"r" + struct.pack("<I", index)


def get(index):
    return b"j" + struct.pack("<I", index)


def storage(key, count, kind="FloatStorage"):
    parts = [text("storage"), named("torch", kind), text(key), text("cpu"), integer(count)]
    return sequence(parts) + PERSID


def tensor(stored, shape, stride=None, offset=0):
    """A view of a storage (a pickle's part)."""
    if stride is None:
        stride = [1] * len(shape)
        for axis in range(len(shape) - 2, -1, -1):
            stride[axis] = stride[axis + 1] * shape[axis + 1]
    hooks = named("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE
    view = [stored, integer(offset), integers(shape), integers(stride), FALSE, hooks]
    return call("torch._utils", "_rebuild_tensor_v2", *view)


def dictionary(items):
    return DICT + MARK + b"".join(text(key) + value for key, value in items.items()) + SETITEMS


def saved(value):
    return PROTOCOL + value + STOP


def parts(tensors):
    """The pickle of a state dict of arrays, and its storages."""
    views, storages = {}, {}
    for key, (name, values) in enumerate(tensors.items()):
        kind = STORAGES[values.dtype.str]
        views[name] = tensor(storage(str(key), values.size, kind), values.shape)
        storages[str(key)] = values.tobytes()
    return saved(dictionary(views)), storages


def archive(path, pickle, storages=None, more=None, folder="archive"):
    """A zip of a pickle, storages (key -> bytes) and entries of any name (name -> bytes)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        file.writestr(f"{folder}/data.pkl", pickle)
        for key, content in (storages or {}).items():
            file.writestr(f"{folder}/data/{key}", content)
        file.writestr(f"{folder}/version", "3\n")
        for name, content in (more or {}).items():
            file.writestr(name, content)
    return path


def save(path, tensors):
    return archive(path, *parts(tensors))
