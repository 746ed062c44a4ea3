from __future__ import annotations

import dataclasses
import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import release_races
from benchmarks.release_outcomes import violations
from benchmarks.release_trial import Left, Tried

GOOD, BAD = Tried("good", True, "arn:good", "A"), Tried("bad", False, "arn:bad", "B")
BEFORE = Left(
    "InService", "old", "old", 1, frozenset({"old"}), frozenset({"old"}), {"old": "Approved"}, {}
)
AFTER = Left(
    "InService",
    "good",
    "good",
    1,
    frozenset({"old", "good"}),
    frozenset({"old", "good"}),
    {"old": "Approved", "good": "Approved", "bad": "Rejected"},
    {"proven": "good"},
)
NOON = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)
ENDED: dict[str, dict[str, Any]] = {
    "good": {"status": "SUCCEEDED", "output": '{"answered": "good"}', "stopDate": NOON},
    "bad": {"status": "FAILED", "error": "x.ModelErrorException", "stopDate": NOON},
}


def test_nothing_is_wrong_where_the_good_release_serves_and_the_bad_one_is_gone() -> None:
    assert violations([GOOD, BAD], ENDED, BEFORE, AFTER) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"serves": "old", "answers": "old"}, "old is InService instead of good"),
        ({"answers": "bad"}, "bad answers instead of good"),
        ({"configs": frozenset({"good"}), "models": frozenset({"good"})}, "taken from another"),
        ({"models": frozenset({"old", "good", "bad"})}, "left of a failed release: bad"),
        ({"packages": {"good": "Rejected", "bad": "Rejected"}}, "good release is Rejected"),
        ({"packages": {"good": "Approved", "bad": "Approved"}}, "bad release is Approved"),
        ({"lock": {"owner": "arn:bad"}}, "the lock is held"),
    ],
)
def test_what_is_wrong_is_said(changed: dict[str, Any], said: str) -> None:
    after = dataclasses.replace(AFTER, **changed)

    assert said in "; ".join(violations([GOOD, BAD], ENDED, BEFORE, after))


@pytest.mark.parametrize(
    ("name", "end", "said"),
    [
        ("good", {"status": "FAILED", "error": "EndpointRolledBack"}, "a good release failed"),
        ("good", {"output": '{"answered": "bad"}'}, "another release's model answered"),
        ("bad", {"error": "EndpointRolledBack"}, "a failed probe ended FAILED EndpointRolledBack"),
    ],
)
def test_a_wrong_end_is_said(name: str, end: dict[str, Any], said: str) -> None:
    ended = {**ENDED, name: {**ENDED[name], **end}}

    assert said in "; ".join(violations([GOOD, BAD], ended, BEFORE, AFTER))


def test_a_release_that_was_stopped_is_asked_for_nothing_but_that_it_harms_no_other() -> None:
    ended = {**ENDED, "bad": {"status": "ABORTED", "stopDate": NOON}}
    left = AFTER.configs | {"bad"}
    after = dataclasses.replace(AFTER, configs=left, packages={"good": "Approved"})

    assert violations([GOOD, BAD], ended, BEFORE, after) == []
    serving = dataclasses.replace(after, serves="bad", answers="bad")
    assert "bad is InService instead of good" in violations([GOOD, BAD], ended, BEFORE, serving)


def test_the_summary_counts_kinds_and_violations() -> None:
    right = release_races.Outcome("update, good and good", [], True)
    wrong = release_races.Outcome("update, good and good", ["the lock is held"], False)

    result = release_races.summary([right, right, wrong])

    assert (result["trials"], result["wrong"], result["one_waited_for_the_other"]) == (3, 1, 2)
    assert result["kinds"] == {"update, good and good": {"trials": 3, "wrong": 1}}
    assert "     1 x the lock is held" in release_races.table(result)


@pytest.mark.slow
def test_a_trial_is_run_through_the_machine(root: Path, tmp_path: Path) -> None:
    """In a process of its own: it puts its hooks on moto."""
    out = tmp_path / "races.json"
    command = [sys.executable, "-m", "benchmarks.release_races", "--trials", "1", "--seed", "3"]

    done = subprocess.run(
        [*command, "--out", str(out)], cwd=root, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(out.read_text())
    assert (result["trials"], result["wrong"]) == (1, 0)
