from __future__ import annotations

import math
from pathlib import Path

import torch

from sonomodel.training.checkpoint import CheckpointStore
from sonomodel.training.progress import History, Progress


def in_the_third_epoch() -> Progress:
    return Progress(
        epoch=3,
        losses=[0.5, 0.25],
        norms=[1.5, 0.75],
        epoch_start=torch.Generator().manual_seed(7).get_state(),
        learning_rate=0.01,
        seconds=4.5,
        best=(0.9, -0.3),
        best_state={"fc.weight": torch.tensor([1.0, 2.0])},
        history=History([{"epoch": 1, "train_loss": 0.7, "auc": None}], 1, "likelihood"),
    )


def test_a_new_run_is_before_its_first_step() -> None:
    progress = Progress()

    assert (progress.epoch, progress.losses, progress.finished) == (1, [], False)
    assert progress.best == (-math.inf, -math.inf), "anything is better than nothing"
    assert (progress.history.epochs, progress.history.best_epoch) == ([], 0)


def test_runs_share_nothing() -> None:
    Progress().history.epochs.append({"epoch": 1})
    Progress().losses.append(1.0)

    assert Progress().history.epochs == Progress().losses == []


def test_a_checkpoint_keeps_all_of_it(tmp_path: Path) -> None:
    before = in_the_third_epoch()
    store = CheckpointStore(tmp_path, {})

    store.save({"progress": before.state()})
    loaded = store.load()

    assert loaded is not None
    after = Progress.of(loaded["progress"])
    for name in ("epoch", "losses", "norms", "learning_rate", "seconds", "best", "finished"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.history == before.history
    assert after.best < (0.9, -0.2), "scores are still compared as pairs"
    assert before.best_state is not None
    assert after.best_state is not None
    assert torch.equal(after.best_state["fc.weight"], before.best_state["fc.weight"])
    assert before.epoch_start is not None
    assert after.epoch_start is not None
    assert torch.equal(after.epoch_start, before.epoch_start)


def test_the_next_epoch_begins_with_its_first_step() -> None:
    progress = in_the_third_epoch()
    best, history = progress.best, progress.history

    progress.next_epoch()

    assert progress.epoch == 4
    assert (progress.losses, progress.norms) == ([], [])
    assert (progress.epoch_start, progress.seconds) == (None, 0.0)
    assert progress.best == best, "what was found out stays"
    assert progress.history is history
