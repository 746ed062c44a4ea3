from __future__ import annotations

import pytest

from sonoflow.sweeping import state
from sonoflow.sweeping.state import State
from tests.unit import stack

HOUR = 3600.0


def test_what_nothing_comes_of_is_due_after_growing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(state.time, "time", lambda: now)
    known = State()
    due = []
    for _ in range(8 * 24):
        if known.is_due("v1", HOUR):
            known.note("v1")
            due.append(round((now - 1_000_000) / HOUR))
        now += HOUR

    assert due == [0, 4, 20, 84]
    assert known.is_due("v2", HOUR)


def test_a_state_is_what_was_left(aws: None) -> None:
    first = State.read(stack.WORK)
    first.after = "inbox/k.png"
    first.note("v1")

    assert first.write(stack.WORK)

    second = State.read(stack.WORK)
    assert (second.after, second.sent) == (first.after, first.sent)
    assert second.write(stack.WORK)


def test_of_two_sweeps_at_once_one_is_remembered(aws: None) -> None:
    one, other = State.read(stack.WORK), State.read(stack.WORK)
    one.note("v1")
    other.note("v2")

    assert one.write(stack.WORK)
    assert not other.write(stack.WORK)

    assert State.read(stack.WORK).sent.keys() == {"v1"}


def test_what_was_sent_long_ago_is_forgotten(aws: None) -> None:
    known = State(sent={"v1": [5, 0.0]})
    known.note("v2")
    known.write(stack.WORK)

    assert State.read(stack.WORK).sent.keys() == {"v2"}
