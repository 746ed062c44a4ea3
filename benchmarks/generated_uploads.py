"""What becomes of uploads that are drawn at random: nothing may break, nothing go unsaid.

python -m benchmarks.generated_uploads --archives 5000 --tables 5000 --seed 0 --out out/drawn.json

Archives and tables of every kind (generated_archives.py, generated_tables.py) go through planning,
staging and splitting as by `sonoflow check`, and rows through the inbox's reader. Each must
end staged, or refused with a sentence; each file and each row is accounted for once
(generated_accounts.py); and what became of it must not hang on chance: one in ten is done again by
a process with another hash seed. What fails is shrunk, and the command that does it again is
printed; then the status is 1.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import hashlib
import itertools
import json
import multiprocessing
import os
import platform
import random
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from benchmarks import generated_archives, generated_doors, generated_tables, held_s3
from benchmarks.generated_doors import Made, Outcome
from benchmarks.held_s3 import HeldS3

ARCHIVE, TABLE, ROWS = "archive", "table", "rows"
KINDS = (ARCHIVE, TABLE, ROWS)
AGAIN_EVERY = 10
_TRIES = 400  # of shrinking


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--archives", type=int, default=200, metavar="N")
    parser.add_argument("--tables", type=int, default=200, metavar="N")
    parser.add_argument("--rows", type=int, metavar="N", help="of the inbox; a tenth of the tables")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="KIND:NUMBER", help="do this one alone, here")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="FILE", help="the counts as JSON")
    arguments = parser.parse_args(argv)
    rows = arguments.tables // 10 if arguments.rows is None else arguments.rows
    counts = dict(zip(KINDS, (arguments.archives, arguments.tables, rows), strict=True))
    work = [(kind, number) for kind in KINDS for number in range(counts[kind])]
    started = time.perf_counter()
    if arguments.only:
        kind, _, number = arguments.only.partition(":")
        work = [(kind, int(number))]
        outcomes = [tried(arguments.seed, work[0])]
        print(json.dumps(outcomes[0], ensure_ascii=False, indent=1))
    elif arguments.processes:
        outcomes = list(_spread(arguments.seed, work, arguments.processes))
    else:
        outcomes = [tried(arguments.seed, one) for one in work]
    result = summary(arguments.seed, counts, outcomes, time.perf_counter() - started)
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text)
    if result["failures"]:
        sys.exit(1)


def _spread(seed: int, work: Sequence[tuple[str, int]], processes: int) -> Iterator[Outcome]:
    """Over processes; one in ten once more, in a process whose texts have other hashes."""
    with _pool(1, processes) as pool, _pool(2, 1) as other:
        again = {one: other.submit(tried, seed, one) for one in work[::AGAIN_EVERY]}
        done = pool.map(tried, itertools.repeat(seed), work, chunksize=8)
        for one, outcome in zip(work, done, strict=True):
            second = again[one].result() if one in again else outcome
            if second["digest"] != outcome["digest"] and "failure" not in outcome:
                outcome = {**outcome, "failure": "not the same again", "second": second}
            yield outcome


def _pool(hash_seed: int, processes: int) -> concurrent.futures.ProcessPoolExecutor:
    os.environ["PYTHONHASHSEED"] = str(hash_seed)
    pool = concurrent.futures.ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn")
    )
    list(pool.map(abs, range(processes)))  # they start now, under this seed
    return pool


def drawn(seed: int, one: tuple[str, int]) -> Made:
    draw = random.Random(f"{seed} {one[0]} {one[1]}")  # noqa: S311
    if one[0] == ARCHIVE:
        return generated_archives.make(draw)
    return generated_tables.make(draw, inbox=one[0] == ROWS)


def tried(seed: int, one: tuple[str, int]) -> Outcome:
    """What became of one upload: `became`, `why`, and a digest of all that was left of it; of one
    that fails, how, and what is left of it after shrinking."""
    made = drawn(seed, one)
    outcome = attempt(one[0], made)
    outcome |= {"kind": one[0], "number": one[1]}
    if "failure" in outcome:
        small = shrunk(one[0], made, outcome["failure"].splitlines()[-1].split(":")[0])
        outcome["shrunk"] = small.described()
        outcome["mapping"] = repr(small.mapping)
        outcome["again"] = f"--seed {seed} --only {one[0]}:{one[1]}"
    return outcome


def attempt(kind: str, made: Made) -> Outcome:
    """In an S3 of its own."""
    with held_s3.held() as s3:
        try:
            outcome = generated_doors.DOORS[kind](made)
        except Exception as error:  # whatever it is, it should not have come out
            trace = "".join(traceback.format_exception(error)[-4:])
            outcome = {"became": "failed", "failure": trace}
        outcome["digest"] = _digest(outcome, s3)
    return outcome


def shrunk(kind: str, made: Made, failure: str) -> Made:
    """With as few parts as fail in the same way."""
    tries, at = 0, 0
    while at < len(made.parts) and tries < _TRIES:
        tries += 1
        smaller: Made = made.without(at)
        told = attempt(kind, smaller).get("failure", "")
        if told and told.splitlines()[-1].startswith(failure):
            made = smaller
        else:
            at += 1
    return made


def _digest(outcome: Outcome, s3: HeldS3) -> str:
    """Of what became of it and of every object that is left."""
    whole = hashlib.sha256(json.dumps(outcome, sort_keys=True).encode())
    for (_, key), body in sorted(s3.objects.items()):
        whole.update(key.encode() + body)
    return whole.hexdigest()[:16]


def summary(
    seed: int, counts: dict[str, int], outcomes: Sequence[Outcome], seconds: float
) -> dict[str, Any]:
    return {
        "command": f"python -m benchmarks.generated_uploads --archives {counts[ARCHIVE]} --tables"
        f" {counts[TABLE]} --rows {counts[ROWS]} --seed {seed}",
        "seed": seed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {
            "python": platform.python_version(), "numpy": np.__version__, "pillow": PIL.__version__
        },
        "seconds": round(seconds),
        "digest": hashlib.sha256("".join(o["digest"] for o in outcomes).encode()).hexdigest()[:16],
        **{kind: _counted([one for one in outcomes if one["kind"] == kind]) for kind in KINDS},
        "failures": [one for one in outcomes if "failure" in one],
    }  # fmt: skip


def _counted(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    files: collections.Counter[str] = collections.Counter()
    assumed: collections.Counter[str] = collections.Counter()
    for outcome in outcomes:
        files.update(outcome.get("set_aside", {}))
        assumed.update(set(outcome.get("assumed", ())))
    return {
        "drawn": len(outcomes),
        **dict(collections.Counter(outcome["became"] for outcome in outcomes).most_common()),
        "refused_for": _most(o["why"] for o in outcomes if "why" in o),
        "assumed": dict(assumed.most_common()),
        "set_aside": dict(files.most_common()),
    }


def _most(reasons: Iterator[str]) -> dict[str, int]:
    return dict(collections.Counter(reasons).most_common())


if __name__ == "__main__":
    main()
