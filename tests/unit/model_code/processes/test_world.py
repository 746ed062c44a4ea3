from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.sagemaker.training.instances import free_port
from sonomodel.errors import ArgumentsError, PeersMissing
from sonomodel.processes.world import World, join, meet
from tests.conftest import ROOT
from tests.unit.model_code.processes.test_peers import HOSTS

pytestmark = pytest.mark.slow

PAIR = ("algo-1", "algo-2")


def test_without_sagemaker_there_is_one_process() -> None:
    here = World.here()

    assert (here.size, here.rank) == (1, 0)


def test_hosts_and_gpus_make_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_HOSTS", '["algo-2", "algo-1"]')
    monkeypatch.setenv("SM_CURRENT_HOST", "algo-2")
    monkeypatch.setenv("SM_NUM_GPUS", "4")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    assert World.here().processes == 4

    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")  # as `launch` sets it for each of them
    monkeypatch.setenv("LOCAL_RANK", "1")
    here = World.here()

    assert (here.size, here.rank) == (8, 5)
    assert here.name(5) == "algo-2 GPU 1"
    assert here.address == ("algo-1", 7777)


def test_an_instance_whose_image_sees_no_gpu_has_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SM_NUM_GPUS", "4")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)

    assert World.here().size == 1


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"SM_HOSTS": HOSTS}, "SM_CURRENT_HOST is '', none of SM_HOSTS: algo-1, algo-2"),
        ({"SM_HOSTS": HOSTS, "SM_CURRENT_HOST": "algo-3"}, "SM_CURRENT_HOST is 'algo-3'"),
        ({"WORLD_SIZE": "4"}, "WORLD_SIZE is 4, but 1 hosts with 1 processes each make 1"),
    ],
)
def test_contradictions_are_refused(
    variables: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ArgumentsError, match=complaint):
        World.here()


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("algo-1", "algo-2 did not come within 0.5 s"),
        ("algo-2", "algo-1 did not answer at 127.0.0.1:"),
    ],
)
def test_who_does_not_come_is_named(
    host: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(free_port()))
    monkeypatch.setenv("SONOFLOW_MEETING_SECONDS", "0.5")
    started = time.monotonic()

    with pytest.raises(PeersMissing, match=complaint):
        join(World(PAIR, host))

    assert time.monotonic() - started < 10


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
        monkeypatch.setenv("MASTER_PORT", str(port))

        with pytest.raises(ArgumentsError, match=f"127.0.0.1:{port}.*MASTER_PORT names another"):
            meet(World(PAIR, "algo-1"), seconds=0.5)


LAUNCHES = """
import os, pathlib, signal, sys, time
from sonomodel.processes.world import launch
if "LOCAL_RANK" not in os.environ:
    sys.exit(launch(2))
rank, folder = os.environ["LOCAL_RANK"], pathlib.Path(sys.argv[1])
"""
REPORTS = """
names = ("LOCAL_RANK", "LOCAL_WORLD_SIZE", "CUDA_VISIBLE_DEVICES")
(folder / rank).write_text(" ".join(os.environ[name] for name in names))
sys.stdout.write(f"here is {rank}\\n")  # in one piece, however it is buffered
"""
SECOND_FAILS = """
if rank == "1":
    sys.stderr.write("RuntimeError: TrainingDiverged: the loss is nan\\n")
    sys.exit(3)
signal.signal(signal.SIGTERM, lambda *_: ((folder / "asked").touch(), sys.exit(143)))
(folder / "ready").touch()
time.sleep(60)
"""
SECOND_IS_KILLED = """
if rank == "1":
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(60)
"""
SAVES = """
def save(number, frame):
    time.sleep(0.3)
    (folder / f"saved{rank}").touch()
    sys.exit(int(sys.argv[2]))
signal.signal(signal.SIGTERM, save)
(folder / f"ready{rank}").touch()
time.sleep(60)
"""


def launched(program: str, folder: Path, *more: str) -> subprocess.Popen[str]:
    """A script that stands for one with a GPU for each of two processes."""
    script = folder / "script.py"
    script.write_text(LAUNCHES + program)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "model_code"),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "4,6",
        "TMPDIR": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), *more],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_each_process_has_a_rank_and_a_gpu(tmp_path: Path) -> None:
    process = launched(REPORTS, tmp_path)
    output, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert (tmp_path / "0").read_text() == "0 2 4"
    assert (tmp_path / "1").read_text() == "1 2 6"
    assert sorted(output.splitlines()) == [
        *("here is 0", "here is 1", "starting 2 processes on this host")
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", "script.py"}


def test_when_one_fails_the_others_end_and_its_failure_is_the_hosts(tmp_path: Path) -> None:
    started = time.monotonic()
    process = launched(SECOND_FAILS, tmp_path)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 3
    assert time.monotonic() - started < 50
    assert errors.splitlines()[0] == "RuntimeError: TrainingDiverged: the loss is nan"
    assert (tmp_path / "asked").exists() or not (tmp_path / "ready").exists()


def test_a_signal_is_reported_as_shells_do(tmp_path: Path) -> None:
    process = launched(SECOND_IS_KILLED, tmp_path)
    process.communicate(timeout=60)

    assert process.returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("status", [143, 0])
def test_sigterm_is_handed_on_and_waited_for(status: int, tmp_path: Path) -> None:
    process = launched(SAVES, tmp_path, str(status))
    while len(list(tmp_path.glob("ready*"))) < 2:
        assert process.poll() is None
        time.sleep(0.02)

    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert process.returncode == status
    assert len(list(tmp_path.glob("saved*"))) == 2
