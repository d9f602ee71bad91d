"""Archives made to do harm: every one is refused with one line, without running anything, writing
anything, or taking more memory than a few times its own size."""

import io
import struct
import tarfile
import zipfile

import pytest

import cli
import clip_weights
import limits
import pickles as p

MEGABYTE = 1 << 20
MOST_MEMORY = 64 * MEGABYTE
MARKER = "executed"  # what every harmful call would leave behind
SHELL = f"touch {MARKER}"
STATEMENT = f"open({MARKER!r}, 'w')"
NUMBERS = {"0": bytes(64)}  # one storage of sixteen f32

CASES = {}


def case(message):
    """Registers a function that makes the file at a path, with a part of the refusal."""

    def register(function):
        CASES[function.__name__] = (function, message)
        return function

    return register


def info(path):
    return limits.run(cli.BIN / "gaclip-model", "info", path)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The memory of a refusal that reads nothing."""
    path = tmp_path_factory.mktemp("usual") / "text.pt"
    path.write_text("no weights at all")
    return info(path).resident


def refuse(path, usual):
    start = f"gaclip-model info: FAILURE: {path}: "
    return limits.check_refusal(info(path), start, usual + MOST_MEMORY)


@pytest.mark.parametrize("name", CASES)
def test_malicious(tmp_path, usual, name):
    make, message = CASES[name]
    path = tmp_path / "model.pt"
    make(path)
    clip_weights.write_tokenizer(tmp_path)
    before = sorted(tmp_path.iterdir())
    line = refuse(path, usual)
    assert message in line
    assert sorted(tmp_path.iterdir()) == before
    assert not (tmp_path / MARKER).exists()


def value(path, pickled):
    p.archive(path, p.saved(pickled), NUMBERS)


def entry(path, pickled):
    """As the value of a state dict's entry."""
    value(path, p.dictionary({"logit_scale": pickled}))


def harmful(function_name, module, name, argument):
    """A call of a function of Python's or PyTorch's with a text."""

    def make(path):
        entry(path, p.call(module, name, p.text(argument)))

    make.__name__ = function_name
    case(f"asks for {module}.{name}")(make)


harmful("os_system", "os", "system", SHELL)
harmful("posix_system", "posix", "system", SHELL)
harmful("eval", "builtins", "eval", STATEMENT)
harmful("exec", "builtins", "exec", STATEMENT)
harmful("getattr", "builtins", "getattr", "__import__")
harmful("popen", "subprocess", "Popen", SHELL)
harmful("import_module", "importlib", "import_module", "antigravity")
harmful("torch_load", "torch", "load", "other.pt")
harmful("torch_hub", "torch.hub", "load", "someone/something")
harmful("pickle_loads", "pickle", "loads", "cos\nsystem\n")
harmful("numpy_reconstruct", "numpy.core.multiarray", "_reconstruct", "ndarray")
harmful("operator", "operator", "attrgetter", "system.__call__")
harmful("module_like_ours", "torch._utils.os", "system", SHELL)
harmful("name_like_ours", "torch._utils", "_rebuild_tensor_v2.__globals__", SHELL)


@case("asks for os.system")
def global_by_stack(path):
    call = p.text("os") + p.text("system") + p.STACK_GLOBAL + p.text(SHELL) + b"\x85" + p.REDUCE
    entry(path, call)


@case("opcode 0x69")
def instance(path):
    entry(path, p.MARK + p.text(SHELL) + b"ios\nsystem\n")


@case("opcode 0x6f")
def instance_of_a_class(path):
    entry(path, p.MARK + p.named("collections", "OrderedDict") + p.text(SHELL) + b"o")


@case("opcode 0x81")
def new_object(path):
    entry(path, p.named("collections", "OrderedDict") + p.EMPTY_TUPLE + b"\x81")


@case("opcode 0x82")
def extension(path):
    entry(path, b"\x82\x01")


@case("opcode 0x50")
def persistent_id_as_line(path):
    entry(path, f"P{SHELL}\n".encode())


@case("opcode 0x56")
def text_with_escapes(path):
    entry(path, b"V\\u0041\n")


@case("protocol 0")
def protocol(path):
    p.archive(path, b"\x80\x00" + p.dictionary({}) + p.STOP, NUMBERS)


@case("asks for ??]0;x?.?[31m")
def terminal_escapes(path):
    entry(path, b"c\xff\x1b]0;x\x07\n\x1b[31m\n" + p.EMPTY_TUPLE + p.REDUCE)


@case("no container")
def state_of_a_tensor(path):
    state = p.dictionary({"__setstate__": p.text(SHELL)})
    entry(path, p.tensor(p.storage("0", 16), (16,)) + state + p.BUILD)


@case("not a global")
def call_of_a_text(path):
    entry(path, p.text("os.system") + p.sequence([p.text(SHELL)]) + p.REDUCE)


@case("holds no tensor")
def parameter_of_a_text(path):
    arguments = [p.text(SHELL), p.FALSE, p.DICT]
    entry(path, p.call("torch._utils", "_rebuild_parameter", *arguments))


@case("memo has more entries")
def huge_memo(path):
    entry(path, p.NONE + p.put(2**32 - 1))


@case("no state dict")
def laughs(path):
    """A tuple of two of a tuple of two of ...: 2^1000 texts, were it ever unfolded."""
    pickled = p.text("ha") + p.put(0)
    for number in range(1000):
        pickled += p.get(number) + p.get(number) + b"\x86" + p.put(number + 1)
    value(path, pickled)


@case("no state dict")
def list_in_itself(path):
    value(path, p.LIST + p.put(0) + p.get(0) + p.APPEND)


@case("holds no CLIP model")
def dict_in_itself(path):
    value(path, p.DICT + p.put(0) + p.text("state_dict") + p.get(0) + p.SETITEM)


@case("nested too deep")
def deep_marks(path):
    value(path, p.MARK * 100_000)


@case("grows without end")
def deep_lists(path):
    value(path, p.LIST * 100_000 + p.APPEND * 99_999)


@case("grows without end")
def tall_stack(path):
    value(path, p.NONE * MEGABYTE)


@case("too many values")
def many_values(path):
    value(path, p.LIST + p.MARK + (p.NONE * 60_000 + b"e" + p.MARK) * 30)


@case("more than a state dict needs")
def long_pickle(path):
    value(path, p.LIST + (p.NONE + p.APPEND) * (3 * MEGABYTE))


@case("beyond its end")
def long_text(path):
    value(path, b"X" + struct.pack("<I", 2**32 - 1) + b"short")


@case("more than it put down")
def empty_stack(path):
    value(path, p.EMPTY_TUPLE + p.REDUCE)


@case("more than it put down")
def nothing(path):
    p.archive(path, p.PROTOCOL + p.STOP, NUMBERS)


@case("cut short")
def no_end(path):
    p.archive(path, p.saved(p.dictionary({}))[:-1], NUMBERS)


@case("names more tensors than it holds")
def one_long_name_many_times(path):
    """Three megabytes that ask for a table of names of sixty gigabytes."""
    name, view = p.text("n" * MEGABYTE), p.tensor(p.storage("0", 16), (16,))
    pickled = name + p.put(0) + view + p.put(1) + p.DICT
    value(path, pickled + (p.MARK + b"h\x00h\x01" * 20_000 + p.SETITEMS) * 3)


@case("too many tensors")
def many_tensors(path):
    """The same call seventy thousand times, by the memo."""
    arguments = [p.storage("0", 16), p.integer(0), p.integers([16]), p.integers([1]), p.FALSE, p.DICT]
    pickled = p.named("torch._utils", "_rebuild_tensor_v2") + b"q\x00"
    pickled += p.sequence(arguments) + b"q\x01" + p.LIST
    value(path, pickled + b"h\x00h\x01Ra" * 70_000)


@case("too many storages")
def many_storages(path):
    """Each is looked up among all: a search from the first on would take minutes."""
    start = p.text("storage") + b"q\x00" + p.named("torch", "FloatStorage") + b"q\x01" + p.LIST
    stored = (
        b"(h\x00h\x01X\x05\x00\x00\x00%05dh\x00K\x01tQa" % number for number in range(20_000)
    )
    value(path, start + b"".join(stored))


@case("holds no CLIP model")
def many_state_dicts(path):
    """Every "state_dict" of 300,000 would be searched for tensors, were not the newest the only one."""
    inner = p.DICT + (p.MARK + b"h\x00N" * 30_000 + p.SETITEMS) * 3
    start = p.text("state_dict") + b"q\x00" + inner + b"q\x01" + p.DICT
    value(path, start + (p.MARK + b"h\x00h\x01" * 30_000 + p.SETITEMS) * 10)


@case("beyond its storage")
def view_beyond(path):
    entry(path, p.tensor(p.storage("0", 16), (16,), offset=1))


@case("beyond its storage")
def view_wraps_around(path):
    """offset + length * stride is 2^64."""
    entry(path, p.tensor(p.storage("0", 16), (2**24 + 1,), [2**29], offset=2**53))


@case("beyond its storage")
def repeated_view(path):
    entry(path, p.tensor(p.storage("0", 16), (2**30, 2**20), [0, 0]))


@case("not described as torch.save does")
def negative_stride(path):
    entry(path, p.tensor(p.storage("0", 16), (4, 4), [-4, 1], offset=12))


@case("not described as torch.save does")
def huge_shape(path):
    entry(path, p.tensor(p.storage("0", 16), (2**62, 4), [1, 1]))


@case("not described as torch.save does")
def many_dimensions(path):
    entry(path, p.tensor(p.storage("0", 16), [1] * 200))


@case("not described as torch.save does")
def uneven_view(path):
    entry(path, p.tensor(p.storage("0", 16), (4, 4), [4]))


@case("another size than the pickle says")
def storage_of_a_terabyte(path):
    entry(path, p.tensor(p.storage("0", 2**38), (2**19, 2**19)))


@case("many times larger than their storages")
def poses_as_a_large_model(path):
    """Two megabytes of f16 as a hundred matrices; a storage that is not there makes it look fair."""
    shared = p.storage("0", MEGABYTE, "HalfStorage") + p.put(0)
    views = {"unused": p.storage("ghost", 2**50), "first": p.tensor(shared, (1024, 1024))}
    for number in range(100):
        views[f"w{number}"] = p.tensor(p.get(0), (1024, 1024))
    p.archive(path, p.saved(p.dictionary(views)), {"0": bytes(2 * MEGABYTE)})


@case("describes a storage in two ways")
def storage_of_two_types(path):
    views = {
        "a": p.tensor(p.storage("0", 16), (16,)),
        "b": p.tensor(p.storage("0", 8, "DoubleStorage"), (8,)),
    }
    value(path, p.dictionary(views))


@pytest.mark.parametrize("key", ["../../secret", "/etc/passwd", "..", "a/b", "0.x", "0\0", "x" * 24])
def test_storage_keys(tmp_path, usual, key):
    path = tmp_path / "model.pt"
    entry(path, p.tensor(p.storage(key, 16), (16,)))
    line = refuse(path, usual)
    assert "not described as torch.save does" in line


def good_parts():
    return p.saved(p.dictionary({"a": p.tensor(p.storage("0", 16), (16,))}))


NAMES = ["../evil", "/evil", "archive/../../evil", "archive/..", "c:evil", "a\\evil", "..\\evil"]


@pytest.mark.parametrize("name", NAMES)
def test_entry_names(tmp_path, usual, name):
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    p.archive(folder / "model.pt", good_parts(), NUMBERS, {name: b"evil"})
    line = refuse(folder / "model.pt", usual)
    assert "leaves the archive" in line
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["model.pt"]


def deflated(path, name, size):
    """An entry of zeros that unpacks to a thousand times its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for other, content in (("data.pkl", good_parts()), ("data/0", NUMBERS["0"])):
            if other != name:
                file.writestr(zipfile.ZipInfo(f"archive/{other}"), content)
        with file.open(f"archive/{name}", "w") as stream:
            for _ in range(size // MEGABYTE):
                stream.write(bytes(MEGABYTE))


@case("compressed or encrypted")
def bomb_as_pickle(path):
    deflated(path, "data.pkl", 2 * MOST_MEMORY)


@case("compressed or encrypted")
def bomb_as_storage(path):
    deflated(path, "data/0", 2 * MOST_MEMORY)


@case("compressed or encrypted")
def bomb_as_byte_order(path):
    deflated(path, "byteorder", 2 * MOST_MEMORY)


@case("zip archive is damaged")
def overlapping_entries(path):
    """A second name for the first storage's bytes, in the central directory alone."""
    views = {"a": p.tensor(p.storage("0", 16), (16,)), "b": p.tensor(p.storage("1", 16), (16,))}
    value(path, p.dictionary(views))
    content = path.read_bytes()
    directory = content.index(b"PK\1\2")
    first = content.index(b"archive/data/0", directory) - 46
    twin = bytearray(content[first : first + 46 + len("archive/data/0")])
    twin[-1:] = b"1"
    end = bytearray(content[content.rindex(b"PK\5\6") :])
    count, size = struct.unpack_from("<HI", end, 10)
    struct.pack_into("<HHI", end, 8, count + 1, count + 1, size + len(twin))
    path.write_bytes(content[: content.rindex(b"PK\5\6")] + twin + end)


def patch_storage_entry(path, fields):
    """Changes fields of the storage's two headers: (offset in the central one, format, value)."""
    p.archive(path, good_parts(), NUMBERS)
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\1\2")
    central = content.index(b"archive/data/0", directory) - 46
    local = content.index(b"archive/data/0") - 30
    for offset, layout, number in fields:
        struct.pack_into(layout, content, central + offset, number)
        struct.pack_into(layout, content, local + offset - 2, number)
    path.write_bytes(content)


@case("zip archive is damaged")
def size_of_four_gigabytes(path):
    patch_storage_entry(path, [(20, "<I", 2**32 - 2), (24, "<I", 2**32 - 2)])


@case("compressed or encrypted")
def encrypted(path):
    patch_storage_entry(path, [(8, "<H", 1)])


@case("compressed or encrypted")
def unknown_compression(path):
    patch_storage_entry(path, [(10, "<H", 95)])


@case("damaged or cut short")
def wrong_checksum(path):
    p.save(path, {**clip_weights.state_dict()})
    content = bytearray(path.read_bytes())
    content[content.index(b"archive/data/9") + 200] ^= 1
    path.write_bytes(content)


@case("more than one data.pkl")
def two_pickles(path):
    evil = p.saved(p.call("os", "system", p.text(SHELL)))
    p.archive(path, good_parts(), NUMBERS, {"other/data.pkl": evil})


@case("without a data.pkl")
def no_pickle(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "nothing here")


@case("name of 600 bytes")
def long_folder(path):
    p.archive(path, good_parts(), NUMBERS, folder="f" * 600)


@case("TorchScript")
def code_of_its_own(path):
    p.archive(
        path, good_parts(), NUMBERS,
        {"archive/constants.pkl": p.saved(p.EMPTY_TUPLE), "archive/code/__torch__.py": STATEMENT},
    )


@case("big-endian")
def byte_order(path):
    p.archive(path, good_parts(), NUMBERS, {"archive/byteorder": "big"})


@case("without an archive")
def bare_pickle(path):
    path.write_bytes(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + p.saved(p.call("os", "system")))


@case("not a safetensors file")
def old_tar(path):
    with tarfile.open(path, "w") as file:
        info = tarfile.TarInfo("../../pickle")
        info.size = 5
        file.addfile(info, io.BytesIO(b"cos\n."))


@case("without a data.pkl")
def archive_of_nothing(path):
    path.write_bytes(b"PK\3\4" + b"PK\5\6" + bytes(18))
