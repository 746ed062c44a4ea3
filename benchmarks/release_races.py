"""Two data sets' releases at one endpoint at the same time, again and again with random delays.

    python -m benchmarks.release_races --trials 50 --seed 0

Each trial is the product's release_model machine, on the laptop runtime in this process, with
endpoints that are processes. Whether there is an endpoint already, which of the two models fail
their probe, when the second begins, and how long each request takes is drawn by chance. In some
trials the first release is stopped on its way, and a third one, which fails, follows. Prints what
came out, writes docs/results/release_races.json, and ends with 1 if any trial left something wrong.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import hashlib
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.held_requests import Call
from benchmarks.interpreter import running
from benchmarks.release_machine import MACHINE, Machines
from benchmarks.release_outcomes import violations
from benchmarks.release_trial import Left, Trial, Tried

RESULT = Path(__file__).resolve().parents[1] / "docs/results/release_races.json"
_DELAYED = 0.3  # of the requests
_LONGEST_DELAY = 1.0  # seconds
_LONGEST_PROBE = 3.0
_ENDS_WITHIN = 180.0


@dataclasses.dataclass(frozen=True)
class Draw:
    """What chance decides of a trial before it begins."""

    served: bool  # whether the endpoint serves already
    good: tuple[bool, bool]
    second_after: float  # seconds
    stop_after: float | None

    @classmethod
    def of(cls, chance: random.Random) -> Draw:
        served = chance.random() < 2 / 3
        stopped = served and chance.random() < 1 / 3
        good = (chance.random() < 0.5, chance.random() < 0.5)
        stop_after = chance.uniform(0.5, 6) if stopped else None
        return cls(served, good, chance.uniform(0, 2), stop_after)

    @property
    def kind(self) -> str:
        fates = " and ".join("good" if good else "failing" for good in self.good)
        where = "update" if self.served else "first release"
        return f"{where}, {fates}" + (", first stopped" if self.stop_after else "")


@dataclasses.dataclass(frozen=True)
class Outcome:
    kind: str
    wrong: list[str]
    waited: bool  # for the lock


def one_trial(machines: Machines, draw: Draw) -> Outcome:
    trial = Trial(machines)
    if draw.served:
        trial.ended(trial.start(trial.prepare("before")), _ENDS_WITHIN)
    before = trial.left()
    tried = [trial.prepare(f"run-{n}", good) for n, good in enumerate(draw.good)]
    begun = time.monotonic()
    trial.start(tried[0])
    time.sleep(draw.second_after)
    trial.start(tried[1])
    if draw.stop_after is not None:
        time.sleep(max(0.0, begun + draw.stop_after - time.monotonic()))
        trial.stop(tried[0])
        tried.append(_follower(trial, tried[:2]))
    try:
        ended = {one.name: trial.ended(one, _ENDS_WITHIN) for one in tried}
    except TimeoutError as error:
        return Outcome(draw.kind, [_anonymous(str(error), tried, before)], True)
    wrong = violations(tried, ended, before, trial.left())
    waited = any("WaitForLock" in trial.states(one) for one in tried)
    trial.close()
    return Outcome(draw.kind, [_anonymous(text, tried, before) for text in wrong], waited)


def _follower(trial: Trial, others: Sequence[Tried]) -> Tried:
    for one in others:
        trial.ended(one, _ENDS_WITHIN)
    return trial.start(trial.prepare("after", False))


def _anonymous(text: str, tried: Sequence[Tried], before: Left) -> str:
    """Without the names, which differ from trial to trial."""
    names = {one.name: f"release {number}" for number, one in enumerate(tried, 1)}
    for name, known_as in {**names, str(before.serves): "the release before"}.items():
        text = text.replace(name, known_as)
    return text


def delays(chance: random.Random) -> Any:
    """Some requests of the machines come late, and every probe takes its time."""

    def delay(call: Call) -> None:
        if call.operation == "InvokeEndpoint":
            time.sleep(chance.uniform(0, _LONGEST_PROBE))
        elif chance.random() < _DELAYED:
            time.sleep(chance.uniform(0, _LONGEST_DELAY))

    return delay


def race(definition: str, trials: int, seed: int, at_once: int) -> list[Outcome]:
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    draws = [Draw.of(chance) for _ in range(trials)]
    outcomes = []
    with (
        tempfile.TemporaryDirectory() as state,
        running(Path(state)) as (runtime, requests),
        concurrent.futures.ThreadPoolExecutor(at_once) as pool,
    ):
        machines = Machines(runtime, definition)
        with requests.watched(before=delays(chance)):
            under_way = [pool.submit(one_trial, machines, draw) for draw in draws]
            for number, future in enumerate(concurrent.futures.as_completed(under_way), 1):
                outcome = future.result()
                outcomes.append(outcome)
                said = "; ".join(outcome.wrong) or "right"
                print(f"{number:3} of {trials}  {outcome.kind}: {said[:300]}", flush=True)
    return outcomes


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    kinds = {
        kind: {"trials": len(of_kind), "wrong": sum(bool(one.wrong) for one in of_kind)}
        for kind in sorted({one.kind for one in outcomes})
        for of_kind in [[one for one in outcomes if one.kind == kind]]
    }
    found = collections.Counter(text[:160] for one in outcomes for text in one.wrong)
    return {
        "trials": len(outcomes),
        "wrong": sum(bool(one.wrong) for one in outcomes),
        "one_waited_for_the_other": sum(one.waited for one in outcomes),
        "kinds": kinds,
        "violations": dict(found.most_common()),
    }


def table(result: dict[str, Any]) -> str:
    lines = [f"{'trials':>6} {'wrong':>5}  kind"]
    lines += [f"{one['trials']:6} {one['wrong']:5}  {k}" for k, one in result["kinds"].items()]
    lines += [f"{result['trials']:6} {result['wrong']:5}  all"]
    lines += [f"{count:6} x {text}" for text, count in result["violations"].items()]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=3, help="trials, each at its own endpoint")
    parser.add_argument("--machine", type=Path, default=MACHINE, help="another definition to try")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    logging.getLogger("moto").setLevel(logging.CRITICAL)  # failing releases are what is tried
    definition, begun = given.machine.read_text("utf-8"), time.monotonic()
    outcomes = race(definition, given.trials, given.seed, given.at_once)
    result = {
        "seed": given.seed,
        "machine_sha256": hashlib.sha256(definition.encode()).hexdigest(),
        "seconds": round(time.monotonic() - begun),
        **summary(outcomes),
    }
    print(table(result))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
