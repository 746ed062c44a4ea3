from __future__ import annotations

import time

import pytest

from sonoflow.aws.uploads import Upload
from sonoflow.inference.stamps import Stamp


def of(sequencer: str, version_id: str | None = "v", attempt: str = "5") -> Stamp:
    return Stamp(sequencer, version_id, attempt)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (of("0A", attempt="9"), of("0B", attempt="1")),
        (of("0A", attempt="9"), of("0A1", attempt="1")),
        (of("0A", attempt="1"), of("0A", attempt="2")),
        (of("0A", attempt="1"), of("0A0", attempt="2")),
        (Stamp.read({}), of("0A")),
    ],
    ids=["version", "longer sequencer", "attempt", "zeros on the right", "no stamp"],
)
def test_later_versions_come_after_earlier_ones_and_later_attempts_too(
    earlier: Stamp, later: Stamp
) -> None:
    assert earlier < later
    assert not later < earlier


def test_attempts_follow_one_another() -> None:
    upload = Upload("bucket", "inbox/a.png", "v", 1, "0A")

    stamps = [Stamp.of(upload) for _ in range(100)]

    assert len(set(stamps)) == 100
    assert stamps[0] < Stamp.of(upload)
    assert all(stamp.is_of_version(stamps[0]) for stamp in stamps)


def test_attempts_of_the_same_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    upload = Upload("bucket", "inbox/a.png", "v", 1, "0A")

    assert Stamp.of(upload) != Stamp.of(upload)


@pytest.mark.parametrize("stamp", [of("0A"), of("", None), of("0A", None)])
def test_metadata_keep_a_stamp(stamp: Stamp) -> None:
    assert Stamp.read(stamp.metadata()) == stamp


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (of("0A", "v"), of("0B", "v"), True),
        (of("0A", "v"), of("0A", "w"), False),
        (of("0A", None), of("0A", None), True),
        (of("0A", None), of("0B", None), False),
        (of("", None), of("", None), False),
    ],
)
def test_a_version_goes_by_its_id_or_else_by_its_sequencer(
    one: Stamp, other: Stamp, same: bool
) -> None:
    assert one.is_of_version(other) is same
