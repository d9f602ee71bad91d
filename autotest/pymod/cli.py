"""Runs the commands and looks at what they say."""

import os
import pathlib
import pty
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GACLIP_BIN", ROOT / "build" / "release" / "bin"))
PLUGINS = BIN.parent / "gdalplugins"
TIMEOUT = 300


def line(command, arguments):
    """`command` may hold a verb, as in "gaclip-model info"."""
    program, *verb = command.split()
    return [str(BIN / program), *verb, *map(str, arguments)]


def start(command, *arguments):
    return subprocess.Popen(
        line(command, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def start_on_terminal(command, *arguments):
    """The same with a pseudo-terminal for standard error; returns the process and the terminal."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        line(command, arguments), stdout=subprocess.DEVNULL, stderr=end
    )
    os.close(end)
    return process, terminal


def read_until(terminal, mark):
    """What the terminal shows up to `mark`, or up to its end when mark is None."""
    text = ""
    while mark is None or mark not in text:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux's way to say that the other end is closed
            piece = b""
        if not piece:
            os.close(terminal)
            return text
        text += piece.decode(errors="replace")
    return text


def run(command, *arguments):
    process = start(command, *arguments)
    stdout, stderr = process.communicate(timeout=TIMEOUT)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def small_training(town):
    """Arguments of a training of seconds, all but the output."""
    return [
        *("--scene", town.scene, "--annotations", town.annotations, "--class-field", "kind"),
        *("--steps", 3, "--batch", 2, "--image-size", 64, "--width", 32, "--depth", 1),
        *("--seed", 1, "--quiet"),
    ]


def assert_fails(command, *arguments, names=(), exit_code=1):
    """The command ends with one line on standard error that holds all of `names`, prints nothing
    else, and leaves the working folder as it was."""
    folder = pathlib.Path.cwd()
    before = snapshot(folder)
    result = run(command, *arguments)
    lines = result.stderr.splitlines()
    assert result.returncode == exit_code, result.stderr
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(f"{command}: FAILURE: "), lines[0]
    for name in names:
        assert str(name) in lines[0]
    assert result.stdout == ""
    assert snapshot(folder) == before
    return lines[0]


def snapshot(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
