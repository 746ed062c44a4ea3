"""What a function's cold start pays for: its imports, of two states of the code side by side.

    git worktree add /tmp/before <commit>
    python -m benchmarks.imports --against /tmp/before

Every import is one of a process of its own, and the two states take turns. Milliseconds are of the
import alone, with what it draws in from installed packages; modules are the product's own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
        env={"POWERTOOLS_TRACE_DISABLED": "true"},
    )
    found = json.loads(done.stdout)
    return found["milliseconds"], set(found["modules"])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, required=True, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args(argv)
    trip: dict[Path, set[str]] = {given.against: set(), ROOT: set()}
    print(f"{'function':<20}{'before':>10}{'after':>10}{'ratio':>7}{'modules':>12}")
    for function in ("predict", *TRIP):
        times: dict[Path, list[float]] = {root: [] for root in trip}
        counts: dict[Path, int] = {}
        for _ in range(given.rounds):
            for root in trip:
                milliseconds, modules = load(root, function)
                times[root].append(milliseconds)
                counts[root] = len(modules)
                if function in TRIP:
                    trip[root] |= modules
        before, after = (statistics.median(times[root]) for root in trip)
        print(
            f"{function:<20}{before:>7.0f} ms{after:>7.0f} ms{after / before:>7.2f}"
            f"{counts[given.against]:>6} →{counts[ROOT]:>4}"
        )
    before_trip, after_trip = (len(modules) for modules in trip.values())
    print(f"a zip's whole trip: {before_trip} modules before, {after_trip} after")


if __name__ == "__main__":
    main()
