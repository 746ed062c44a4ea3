"""What a function's cold start pays for: its imports, of two states of the code side by side.

    git worktree add /tmp/before <commit>
    python -m benchmarks.imports --against /tmp/before

Every import is one of a process of its own, and the two states take turns. Milliseconds are of the
import alone, with what it draws in from installed packages; modules are the product's own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# What a zip goes through, in order.
TRIP = (
    *("plan_dataset", "stage_images", "split_dataset", "package_model_code", "plan_release"),
    *("judge_model", "probe_endpoint", "publish_report"),
)
_PROGRAM = """
import json, sys, time
sys.path[:0] = sys.argv[1:3]
start = time.perf_counter()
__import__(f"functions.{sys.argv[3]}.app")
seconds = time.perf_counter() - start
own = [
    name
    for name, module in sys.modules.items()
    if name.partition(".")[0] == "sonoflow" and not hasattr(module, "__path__")
]
print(json.dumps({"milliseconds": seconds * 1000, "modules": own}))
"""


def load(root: Path, function: str) -> tuple[float, set[str]]:
    """Milliseconds of one import, and the product's modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(root), str(root / "core"), function],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    found = json.loads(done.stdout)
    return found["milliseconds"], set(found["modules"])


def compare(before: Path, rounds: int) -> dict[str, Any]:
    """Medians by function, and what a zip's whole trip loads."""
    trip: dict[Path, set[str]] = {before: set(), ROOT: set()}
    functions = {}
    for function in ("predict", *TRIP):
        times: dict[Path, list[float]] = {root: [] for root in trip}
        loaded: dict[Path, set[str]] = {}
        for _ in range(rounds):
            for root in trip:
                milliseconds, loaded[root] = load(root, function)
                times[root].append(milliseconds)
        if function in TRIP:
            for root in trip:
                trip[root] |= loaded[root]
        first, second = (statistics.median(times[root]) for root in trip)
        functions[function] = {
            "milliseconds_before": round(first),
            "milliseconds_after": round(second),
            "ratio": round(second / first, 2),
            "modules_before": len(loaded[before]),
            "modules_after": len(loaded[ROOT]),
        }
        print(f"{function:<20}", functions[function], flush=True)
    modules = dict(zip(("before", "after"), map(len, trip.values()), strict=True))
    return {"functions": functions, "modules_of_a_zips_trip": modules}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, required=True, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    given = parser.parse_args(argv)
    result = {
        "command": f"python -m benchmarks.imports --rounds {given.rounds} --against …",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        **compare(given.against, given.rounds),
    }
    print(result["modules_of_a_zips_trip"])
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
