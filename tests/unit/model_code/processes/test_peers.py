"""Two real processes that train together, compared with one that has the whole batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from local.sagemaker.training.instances import free_port
from sonomodel.errors import ArgumentsError
from sonomodel.processes.peers import Peers
from sonomodel.processes.world import World
from sonomodel.training.checkpoint import CheckpointStore
from tests.conftest import ROOT
from tests.unit.model_code.processes import peer_training
from tests.unit.model_code.processes.peer_training import CASES, pictures, train, trainer

pytestmark = pytest.mark.slow

HOSTS = '["algo-1","algo-2"]'
# Sums are taken in another order: 1e-7 and 8e-6 were seen. A part's loss that is not weighed by its
# length makes 6e-3 and 2e-2 of it, batch normalisation over parts 1e-2 and 1e-1.
LOSS = 1e-5  # relative, of losses
WEIGHT = 1e-4  # of weights, beside nine steps of 0.003


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes have left their outcomes of everything in `peer_training`."""
    out = tmp_path_factory.mktemp("together")
    environment = os.environ | {
        "SM_HOSTS": HOSTS,
        "SM_NETWORK_INTERFACE_NAME": "lo",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "model_code"), str(ROOT)]),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, peer_training.__file__, str(out)],
            env=environment | {"SM_CURRENT_HOST": host},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for host in ("algo-2", "algo-1")
    ]
    logs = [process.communicate(timeout=100)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(logs)
    (out / "log").write_text("\n".join(logs))
    return out


def outcomes(folder: Path, host: str = "algo-1") -> Any:
    return torch.load(folder / f"{host}.pt", weights_only=True)


def last(folder: Path) -> Any:
    state = CheckpointStore(folder, {}).load()
    assert state is not None
    return state


def assert_same_curve(one: Any, other: Any) -> None:
    assert one["best_epoch"] == other["best_epoch"]
    for mine, theirs in zip(one["epochs"], other["epochs"], strict=True):
        for name in ("train_loss", "validation_loss"):
            assert mine[name] == pytest.approx(theirs[name], rel=LOSS)
        assert mine["learning_rate"] == theirs["learning_rate"]


def assert_same_weights(one: Any, other: Any) -> None:
    for states in ("network", "average"):
        assert one[states].keys() == other[states].keys()
        for name, value in one[states].items():
            torch.testing.assert_close(value, other[states][name], rtol=0, atol=WEIGHT, msg=name)


@pytest.mark.parametrize("case", CASES)
def test_two_processes_learn_what_one_does(case: str, together: Path, tmp_path: Path) -> None:
    alone = train(case, trainer(case, Peers(), CheckpointStore(tmp_path, {})))

    assert_same_curve(outcomes(together)[case], alone)
    assert_same_weights(last(together / case), last(tmp_path))


def test_the_first_process_alone_keeps_the_history(together: Path) -> None:
    assert outcomes(together, "algo-2")["classifier"]["epochs"] == []
    log = (together / "log").read_text()
    # And the two that are stopped later, and the one whose group is looked for.
    assert log.count("epoch=1/3") == len(CASES) + 3


def test_all_stop_in_the_step_in_which_one_is_told_to(together: Path) -> None:
    first, second = outcomes(together)["interrupted"], outcomes(together, "algo-2")["interrupted"]

    assert first == second
    assert first["error"] == "Interrupted"
    assert first["steps"] == (2, 2)  # the fifth; an epoch has three
    assert "saved in" in first["message"]


def test_interrupted_processes_go_on_to_the_same_result(together: Path) -> None:
    outcome = outcomes(together)

    assert_same_curve(outcome["resumed"], outcome["classifier"])
    assert_same_weights(last(together / "again"), last(together / "classifier"))


def test_one_process_goes_on_from_what_two_have_saved(together: Path, tmp_path: Path) -> None:
    state = outcomes(together)["saved"]
    CheckpointStore(tmp_path, {}).save(state)

    alone = train("classifier", trainer("classifier", Peers(), CheckpointStore(tmp_path, {})))

    assert_same_curve(alone, outcomes(together)["classifier"])


@pytest.mark.parametrize("host", ["algo-1", "algo-2"])
def test_after_training_nothing_holds_the_group(together: Path, host: str) -> None:
    """Gloo's threads abort a process whose interpreter ends before its group."""
    assert outcomes(together, host)["holders"] == 0


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("stopped", "StoppedByRule", "poor_initialisation in epoch 1: the weights of 0 multiply"),
        ("diverged", "TrainingDiverged", "the training loss of epoch 1 is nan"),
        ("others", "ChannelError", "given different training images"),
    ],
)
def test_an_error_of_one_is_the_same_error_of_all(
    fault: str, error: str, message: str, together: Path
) -> None:
    for host in ("algo-1", "algo-2"):
        outcome = outcomes(together, host)[fault]
        assert outcome["error"] == error
        assert message in outcome["message"]


def test_a_process_that_dies_is_told_of(together: Path) -> None:
    outcome = outcomes(together)["lost"]

    assert outcome["error"] == "PeerLost"
    assert "algo-1 has lost another process of the job" in outcome["message"]


def test_a_batch_that_is_too_small_to_be_shared_is_refused() -> None:
    hosts = tuple(f"algo-{number}" for number in range(1, 9))
    running = trainer("classifier", Peers(World(hosts, "algo-1")))  # 15 images, 7 at a time

    with pytest.raises(ArgumentsError, match="a batch of 5 images cannot be shared by 8 processes"):
        running.fit(pictures(), pictures())


@pytest.mark.parametrize(("count", "size"), [(7, 2), (8, 3), (3, 3)])
def test_parts_make_the_whole_batch(count: int, size: int) -> None:
    hosts = tuple(f"algo-{number}" for number in range(size))
    parts = [Peers(World(hosts, host)).part(count) for host in hosts]

    assert [index for part in parts for index in range(count)[part]] == list(range(count))
    lengths = [part.stop - part.start for part in parts]
    assert max(lengths) - min(lengths) <= 1
