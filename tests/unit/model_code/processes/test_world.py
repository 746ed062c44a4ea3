from __future__ import annotations

import socket
import time

import pytest

from sonomodel.errors import ArgumentsError, PeersMissing
from sonomodel.processes import world as distributed
from sonomodel.processes.world import World, meet, world
from tests.unit.model_code.processes.test_peers import HOSTS, free_port

PAIR = ("algo-1", "algo-2")


def test_without_sagemaker_there_is_one_process() -> None:
    here = world()

    assert (here.size, here.rank) == (1, 0)


def test_hosts_and_gpus_make_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_HOSTS", '["algo-2", "algo-1"]')
    monkeypatch.setenv("SM_CURRENT_HOST", "algo-2")
    monkeypatch.setenv("SM_NUM_GPUS", "4")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    assert world().processes == 4

    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")  # as the launcher sets it for each of them
    monkeypatch.setenv("LOCAL_RANK", "1")
    here = world()

    assert (here.size, here.rank) == (8, 5)
    assert here.name(5) == "algo-2 GPU 1"
    assert here.address == ("algo-1", 7777)


def test_an_instance_whose_image_sees_no_gpu_has_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SM_NUM_GPUS", "4")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)

    assert world().size == 1


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
        world()


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
        distributed.join(World(PAIR, host))

    assert time.monotonic() - started < 10


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
        monkeypatch.setenv("MASTER_PORT", str(port))

        with pytest.raises(ArgumentsError, match=f"127.0.0.1:{port}.*MASTER_PORT names another"):
            meet(World(PAIR, "algo-1"), seconds=0.5)
