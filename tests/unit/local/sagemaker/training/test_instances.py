from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.sagemaker.training import instances

LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not LENT.exists(), reason="only Linux says which ports it lends")
def test_no_outgoing_connection_can_take_the_port_where_instances_meet() -> None:
    first, last = map(int, LENT.read_text().split())

    assert set(instances.PORTS).isdisjoint(range(first, last + 1))
    assert int(instances.meeting_place(2)["MASTER_PORT"]) in instances.PORTS


def test_a_port_that_somebody_listens_at_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    free = instances.free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(instances, "PORTS", [port, free])
        assert {instances.free_port() for _ in range(20)} == {free}

        monkeypatch.setattr(instances, "PORTS", range(port, port + 1))
        with pytest.raises(OSError, match=f"every port from {port} to {port} is taken"):
            instances.free_port()
