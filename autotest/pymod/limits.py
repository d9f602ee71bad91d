"""Commands under limits of memory, time and written bytes, and how much memory they took."""

import dataclasses
import os
import resource
import subprocess
import tempfile

ADDRESS_SPACE = 1 << 30  # the libraries map half of it before main starts
PROCESSOR_SECONDS = 60


@dataclasses.dataclass
class Outcome:
    returncode: int
    stdout: str
    stderr: str
    resident: int  # bytes, at most


def set_limits():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, *arguments):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [str(program), *map(str, arguments)], stdout=out, stderr=err, preexec_fn=set_limits,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
    return Outcome(process.returncode, *texts, usage.ru_maxrss * 1024)


def check_refusal(outcome, start, most_resident):
    """One line that begins with start and goes on, nothing else, little memory; returns the line."""
    assert outcome.returncode == 1, (outcome.returncode, outcome.stderr)
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1 and outcome.stdout == "", outcome.stderr
    assert lines[0].startswith(start) and len(lines[0]) > len(start) + 10, lines[0]
    assert lines[0].isprintable(), lines[0]
    assert outcome.resident < most_resident, outcome.resident
    return lines[0]
