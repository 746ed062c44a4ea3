"""Which runs' servers live, by the locks that they hold."""

from __future__ import annotations

import fcntl
from pathlib import Path

from local.runtime.runs import LOCK, lock_is_held, remove_dead_runs


def test_the_scratch_of_a_dead_server_is_removed_and_that_of_a_living_one_stays(
    tmp_path: Path,
) -> None:
    """Given a run whose lock is held, one whose lock nobody holds, and one without a lock."""
    for name in ("living", "killed", "unborn"):
        (tmp_path / name).mkdir()
    (tmp_path / "killed" / LOCK).touch()
    with (tmp_path / "living" / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert [lock_is_held(tmp_path / name) for name in ("living", "killed", "unborn")] == [
            True,
            False,
            False,
        ]
        remove_dead_runs(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["living"]
