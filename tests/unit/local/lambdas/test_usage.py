"""What a worker's processes take, measured as Lambda would charge them for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.lambdas.usage import Usage

MB = 2**20
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], Usage]]:
    """Runs a program until it says that it is done, and leaves it waiting."""
    running = []

    def start(program: str) -> Usage:
        process = subprocess.Popen(
            [sys.executable, "-c", f"{program}\nprint('done', flush=True); input()"],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        return Usage(process.pid, tmp_path)

    yield start
    for process in running:
        process.communicate(b"\n")


def test_memory_is_what_is_touched_not_what_is_reserved(run: Callable[[str], Usage]) -> None:
    usage = run("import mmap; reserved = mmap.mmap(-1, 2**30); held = b'x' * (100 * 2**20)")

    assert 100 * MB < usage.memory() < 200 * MB


def test_what_was_given_back_before_anybody_looked_is_in_the_peak(
    run: Callable[[str], Usage],
) -> None:
    usage = run("held = b'x' * (200 * 2**20)\ndel held")

    assert usage.memory() < 100 * MB
    assert 200 * MB < usage.peak() < 300 * MB


def test_memory_of_a_process_of_its_own_counts_and_what_both_share_counts_once(
    run: Callable[[str], Usage],
) -> None:
    usage = run(
        "import os, time\n"
        "held = b'x' * (200 * 2**20)\n"
        "if not (child := os.fork()):\n"
        "    more = b'y' * (100 * 2**20)\n"
        "    open('ready', 'w').close()\n"
        "    time.sleep(60)\n"
        "while not os.path.exists('ready'): time.sleep(0.01)\n"
        "import atexit; atexit.register(os.kill, child, 9)\n"
    )

    assert 300 * MB < usage.memory() < 400 * MB
    assert usage.peak() > 300 * MB


def test_a_file_without_a_name_takes_room_and_a_hole_takes_none(
    run: Callable[[str], Usage],
) -> None:
    usage = run(
        "import tempfile\n"
        "nameless = tempfile.TemporaryFile(dir='.')\n"
        "nameless.write(bytes(3 * 2**20)); nameless.flush()\n"
        "open('named', 'wb').write(bytes(2 * 2**20))\n"
        "open('sparse', 'wb').truncate(2**30)\n"
    )

    assert 5 * MB <= usage.storage() < 6 * MB
