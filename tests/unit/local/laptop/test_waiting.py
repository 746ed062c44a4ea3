from __future__ import annotations

from pathlib import Path

import pytest

from local.laptop import waiting


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.005)
    monkeypatch.setattr(waiting, "_FIRST_SECONDS", 0.03)
    monkeypatch.setattr(waiting, "_NEXT_SECONDS", 0.05)


def test_a_long_wait_says_now_and_then_what_it_is_for(tmp_path: Path) -> None:
    said: list[str] = []

    turns = sum(1 for _ in waiting.looks("an answer to x", tmp_path, 0.2, said.append))

    assert turns > len(said)
    assert 2 <= len(said) <= 4
    assert set(said) == {"still waiting for an answer to x after 0 s"}


def test_a_short_wait_says_nothing(tmp_path: Path) -> None:
    said: list[str] = []

    next(waiting.looks("an answer", tmp_path, 60, said.append))

    assert said == []


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_ROOM_BYTES", 10**18)
    said: list[str] = []

    list(waiting.looks("an answer", tmp_path, 0.06, said.append))

    assert f"the disk of {tmp_path} is full" in said[0]
    assert "MB are left, so that functions cannot start" in said[0]


def test_a_state_that_is_gone_is_named(tmp_path: Path) -> None:
    said: list[str] = []

    list(waiting.looks("an answer", tmp_path / "gone", 0.06, said.append))

    assert f"{tmp_path / 'gone'} cannot be looked at: No such file or directory" in said[0]
