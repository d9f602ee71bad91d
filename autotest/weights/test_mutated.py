"""Two hundred damaged archives, from fixed seeds: each is refused with one line, or it was damaged
where nobody looks and gives the very same weights."""

import random

import pytest

import clip_weights
import limits
import pickles as p

MOST_MEMORY = 64 << 20
WANTED, TRIED = 200, 280


def replace_bytes(r, content):
    content = bytearray(content)
    for _ in range(r.choice([1, 1, 2, 8])):
        content[r.randrange(len(content))] = r.randrange(256)
    return bytes(content)


def flip_bit(r, content):
    content = bytearray(content)
    content[r.randrange(len(content))] ^= 1 << r.randrange(8)
    return bytes(content)


def cut(r, content):
    return content[: r.randrange(len(content))]


def leave_out(r, content):
    start = r.randrange(len(content))
    return content[:start] + content[start + r.randint(1, 64) :]


def repeat(r, content):
    start, end = sorted(r.sample(range(len(content)), 2))
    end = min(end, start + 512)
    return content[:end] + content[start:end] + content[end:]


def insert(r, content):
    start = r.randrange(len(content))
    return content[:start] + r.randbytes(r.randint(1, 16)) + content[start:]


CHANGES = [replace_bytes, flip_bit, cut, leave_out, repeat, insert]


@pytest.fixture(scope="module")
def tensors():
    return clip_weights.state_dict()


def make(path, tensors, seed):
    """Even seeds damage the pickle, in a sound archive; odd ones the archive."""
    r = random.Random(seed)
    change = CHANGES[seed // 2 % len(CHANGES)]
    pickle, storages = p.parts(tensors)
    if seed % 2 == 0:
        p.archive(path, change(r, pickle), storages)
    else:
        p.archive(path, pickle, storages)
        path.write_bytes(change(r, path.read_bytes()))


def test_mutated(tmp_path, tensors):
    path = p.save(tmp_path / "model.pt", tensors)
    clip_weights.write_tokenizer(tmp_path)
    sound = limits.run(clip_weights.DUMP, "--model", path)
    assert sound.returncode == 0, sound.stderr
    assert clip_weights.dump(path, as_model=True) == clip_weights.expected(tensors)
    refused = 0
    for seed in range(TRIED):
        make(path, tensors, seed)
        outcome = limits.run(clip_weights.DUMP, "--model", path)
        if outcome.returncode == 0:
            assert outcome.stdout == sound.stdout, f"seed {seed}"
        else:
            limits.check_refusal(outcome, f"{path}: ", sound.resident + MOST_MEMORY)
            refused += 1
    assert refused >= WANTED
