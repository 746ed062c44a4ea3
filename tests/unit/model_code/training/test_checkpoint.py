from __future__ import annotations

import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from sonomodel.errors import CheckpointError
from sonomodel.training.checkpoint import (
    FILE,
    CheckpointStore,
    random_states,
    restore_random_states,
)

RUN = {"learning_rate": 1e-3, "epochs": 4, "train": "abc"}


def store(folder: Path, **changes: object) -> CheckpointStore:
    return CheckpointStore(folder, RUN | changes)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    state = {"network": {"a": torch.arange(3.0)}, "epoch": 2, "score": None, "losses": [0.5]}

    store(tmp_path / "new").save(state)
    loaded = store(tmp_path / "new").load()

    assert loaded is not None
    assert torch.equal(loaded.pop("network")["a"], torch.arange(3.0))
    assert loaded == {"epoch": 2, "score": None, "losses": [0.5]}


def test_without_a_checkpoint_there_is_nothing_to_load(tmp_path: Path) -> None:
    assert store(tmp_path).load() is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"learning_rate": 2e-3}, r"learning_rate was 0\.001 and is 0\.002"),
        ({"train": "abd", "epochs": 5}, "epochs was 4 and is 5, train was 'abc' and is 'abd'"),
        ({"label-smoothing": 0.2}, r"label-smoothing was None and is 0\.2"),
    ],
)
def test_checkpoint_of_another_run_is_refused(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    store(tmp_path).save({"epoch": 1})

    with pytest.raises(CheckpointError, match=f"another run: {reason}; remove it"):
        store(tmp_path, **changes).load()


def test_truncated_checkpoint_is_named(tmp_path: Path) -> None:
    store(tmp_path).save({"network": torch.zeros(1000)})
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-1000])

    with pytest.raises(CheckpointError, match=r"checkpoint\.pt cannot be read"):
        store(tmp_path).load()


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch exploded",)


def test_nothing_is_unpickled_but_tensors_and_plain_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"format": 1, "run": RUN, "state": Bomb()}, tmp_path / FILE)

    with pytest.raises(CheckpointError, match="cannot be read"):
        store(tmp_path).load()
    (tmp_path / FILE).write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(CheckpointError, match="cannot be read"):
        store(tmp_path).load()

    assert not (tmp_path / "exploded").exists()


def test_other_torch_files_are_no_checkpoints(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / FILE)

    with pytest.raises(CheckpointError, match="no checkpoint of this program"):
        store(tmp_path).load()


def test_writing_that_fails_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path).save({"epoch": 1})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store(tmp_path).save({"epoch": 2})

    assert store(tmp_path).load() == {"epoch": 1}


def test_random_draws_go_on_where_they_were(tmp_path: Path) -> None:
    def draw() -> list[float]:
        return [float(torch.rand(())), float(np.random.standard_normal()), random.gauss()]

    random.gauss()  # so that Python's generator holds its second value
    store(tmp_path).save({"random": random_states()})
    expected = draw()
    draw()

    loaded = store(tmp_path).load()
    assert loaded is not None
    restore_random_states(loaded["random"])

    assert draw() == expected


def test_reader_of_the_old_checkpoint_is_not_disturbed(tmp_path: Path) -> None:
    """It is replaced as a whole, as a platform that copies it meanwhile needs it to be."""
    store(tmp_path).save({"epoch": 1})

    with (tmp_path / FILE).open("rb") as file:
        store(tmp_path).save({"epoch": 2})
        old = torch.load(file, weights_only=True)

    assert old["state"] == {"epoch": 1}
    assert store(tmp_path).load() == {"epoch": 2}
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
