"""What it costs that IAM is asked: the whole demo with the guard before the services and without.

python -m benchmarks.enforced_demo --out out/enforced_demo.json

For an idle machine: a round takes some six minutes. The demo has no switch for the guard, so that
the one without runs in a copy of what is committed, with the guard taken out of its server.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SERVER = Path("local/server.py")
_GUARD = "Guard(DomainDispatcherApplication(_application), of_run(runtime.state))"
_NONE = "DomainDispatcherApplication(_application)"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, metavar="FILE", help="the figures as JSON")
    arguments = parser.parse_args(argv)
    seconds: dict[str, list[float]] = {"with": [], "without": []}
    with tempfile.TemporaryDirectory() as scratch:
        trees = {name: copied(Path(scratch) / name) for name in seconds}
        take_guard_out(trees["without"])
        for number in range(arguments.rounds):
            for name in seconds if number % 2 == 0 else reversed(seconds):
                seconds[name].append(demo_seconds(trees[name]))
                print(f"round {number + 1}, {name} IAM: {seconds[name][-1]:.1f} s", flush=True)
    ratio = statistics.median(seconds["with"]) / statistics.median(seconds["without"])
    print(f"with IAM {ratio:.3f} times as long")
    if arguments.out:
        document = {
            "command": "python -m benchmarks.enforced_demo",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "seconds": seconds,
            "ratio": ratio,
        }
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")


def copied(tree: Path) -> Path:
    """What is committed, without this machine's state."""
    tree.mkdir()
    git, tar = (str(shutil.which(name)) for name in ("git", "tar"))
    archive = subprocess.run([git, "archive", "HEAD"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    subprocess.run([tar, "-x"], cwd=tree, input=archive.stdout, check=True)
    return tree


def take_guard_out(tree: Path) -> None:
    server = tree / _SERVER
    text = server.read_text()
    if text.count(_GUARD) != 1:
        raise ValueError(f"{_SERVER} no longer says {_GUARD!r} once")
    server.write_text(text.replace(_GUARD, _NONE))


def demo_seconds(tree: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "local", "demo", "--out", "out"],
        cwd=tree,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
