"""The processes of one training job: who they are, and how they find each other.

One process for each GPU of an instance (SM_NUM_GPUS), one for an instance without. They form a
process group of torch.distributed, with NCCL between GPUs and Gloo between processors. A job of one
process forms none.

The first of the sorted SM_HOSTS is where they meet, at port 7777. MASTER_ADDR and MASTER_PORT, as
torch names them, say otherwise: two jobs on one machine need two ports, and hosts whose names mean
nothing to the resolver need an address.

On an instance with several GPUs the script starts itself again for each, by the part of torchrun
that starts and ends processes. torchrun's own rendezvous would not name a host that is missing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import gc
import json
import os
import signal
import socket
import sys

import torch
import torch.distributed
from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]
from torch.distributed.elastic.multiprocessing import (
    DefaultLogsSpecs,
    SignalException,
    start_processes,
)

from sonomodel.errors import ArgumentsError, PeersMissing

PORT = 7777
MEETING_SECONDS = 600.0  # hosts start and download at their own pace; SONOFLOW_MEETING_SECONDS
# The longest that processes wait for each other: for the first one's validation and its checkpoint.
WORK = datetime.timedelta(minutes=60)
POLL_SECONDS = 0.1
STOP_SECONDS = 110  # to save a checkpoint in; SageMaker sends SIGKILL 120 s after SIGTERM


@dataclasses.dataclass(frozen=True)
class World:
    """Where this process stands among those of its job."""

    hosts: tuple[str, ...] = ("localhost",)
    host: str = "localhost"  # its own
    processes: int = 1  # on each host
    local_rank: int = 0  # among those of its host

    @classmethod
    def here(cls) -> World:
        """From SageMaker's variables. Raises ArgumentsError where they contradict each other."""
        hosts = tuple(sorted(json.loads(os.environ.get("SM_HOSTS", '["localhost"]'))))
        host = os.environ.get("SM_CURRENT_HOST", hosts[0] if len(hosts) == 1 else "")
        if host not in hosts:
            named = ", ".join(hosts)
            raise ArgumentsError(f"SM_CURRENT_HOST is {host!r}, none of SM_HOSTS: {named}")
        # Set by `launch` and by torchrun.
        processes = int(os.environ.get("LOCAL_WORLD_SIZE", 0)) or gpus()
        here = cls(hosts, host, processes, int(os.environ.get("LOCAL_RANK", 0)))
        size = int(os.environ.get("WORLD_SIZE", here.size))
        if size != here.size:
            raise ArgumentsError(
                f"WORLD_SIZE is {size}, but {len(hosts)} hosts with {processes} processes each "
                f"make {here.size}: start the script itself on each host, and name the hosts in "
                "SM_HOSTS"
            )
        return here

    @property
    def size(self) -> int:
        return len(self.hosts) * self.processes

    @property
    def rank(self) -> int:
        return self.hosts.index(self.host) * self.processes + self.local_rank

    def name(self, rank: int) -> str:
        """Of a process, in messages."""
        host, process = divmod(rank, self.processes)
        return self.hosts[host] if self.processes == 1 else f"{self.hosts[host]} GPU {process}"

    @property
    def address(self) -> tuple[str, int]:
        first = self.hosts[0] if len(self.hosts) > 1 else "127.0.0.1"
        return os.environ.get("MASTER_ADDR", first), int(os.environ.get("MASTER_PORT", PORT))


def gpus() -> int:
    """The GPUs to share the work on this instance; 1 where there is none, or none is named."""
    named = int(os.environ.get("SM_NUM_GPUS") or 0)
    return max(1, min(named, torch.cuda.device_count()))


def launch(processes: int) -> int:
    """Runs this very script, with its arguments, once for each GPU of the host.

    Returns 0, or the exit status of the first process that failed, upon which the others are told
    to end. SIGTERM is handed on, and what the processes make of it waited for.
    """
    print(f"starting {processes} processes on this host", flush=True)
    places = {rank: _place(rank, processes) for rank in range(processes)}
    command = dict.fromkeys(places, tuple(sys.orig_argv[1:]))
    logs = DefaultLogsSpecs(os.devnull)  # no folder: what they print goes where this one's does
    running = start_processes("training", sys.executable, command, places, logs)
    try:
        ended = running.wait(period=POLL_SECONDS)
    except SignalException as stop:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would cut the waiting short
        running.close(stop.sigval, timeout=STOP_SECONDS)
        ended = running.wait(timeout=0)
    if ended is None:  # one that not even SIGKILL has ended
        return 1
    failures = ended.failures.values()
    code = min(failures, key=lambda failure: failure.timestamp).exitcode if failures else 0
    return 128 - code if code < 0 else code  # as shells report a signal


def _place(rank: int, processes: int) -> dict[str, str]:
    """Each sees its own GPU alone, so that nothing else must know that there are more."""
    devices = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(processes)))
    return {
        "LOCAL_RANK": str(rank),
        "LOCAL_WORLD_SIZE": str(processes),
        "CUDA_VISIBLE_DEVICES": devices.split(",")[rank],
    }


def join(here: World) -> None:
    """Forms the job's process group. Raises PeersMissing, which names those who did not come."""
    interface = os.environ.get("SM_NETWORK_INTERFACE_NAME")
    if interface:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
        os.environ.setdefault("NCCL_SOCKET_IFNAME", interface)
    seconds = float(os.environ.get("SONOFLOW_MEETING_SECONDS", MEETING_SECONDS))
    store = meet(here, seconds)
    # What little else the processes tell each other is in main memory, and goes by Gloo.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    if torch.cuda.is_available():  # torchrun lets each process see all GPUs
        torch.cuda.set_device(here.local_rank % torch.cuda.device_count())
    torch.distributed.init_process_group(
        backend,
        store=PrefixStore("group", store),
        rank=here.rank,
        world_size=here.size,
        timeout=WORK,
    )


def leave() -> None:
    """Ends this process's part in the group, if it has one, while Python still runs. All processes
    leave together, and nothing holds the group any more, as a DistributedDataParallel would.

    Gloo's threads may hold tensors of the last calls. Where they are let go of only when the
    interpreter is being torn down, the process aborts (SIGABRT; pytorch#179291), on busy machines
    above all: with its work done and written, the job would fail.
    """
    if torch.distributed.is_initialized():
        gc.collect()  # of cycles
        torch.distributed.destroy_process_group()


def meet(here: World, seconds: float) -> Store:
    """Where the processes find each other's addresses, once all have come."""
    address, port = here.address
    patience = datetime.timedelta(seconds=seconds)
    try:
        store = _store(here, address, port, patience)
        store.set(f"came/{here.rank}", here.host)
    except torch.distributed.DistError as error:
        raise PeersMissing(
            f"{here.name(0)} did not answer at {address}:{port} within {seconds:g} s"
        ) from error
    came = [f"came/{rank}" for rank in range(here.size)]
    try:
        store.wait(came, patience)
    except torch.distributed.DistError as error:
        missing = _missing(store, here)
        raise PeersMissing(f"{missing} did not come within {seconds:g} s") from error
    return store


def _store(here: World, address: str, port: int, patience: datetime.timedelta) -> Store:
    # torchrun keeps a store of its own at this address.
    serves = here.rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    listening = _listen(port).detach() if serves else None
    return TCPStore(
        address,
        port,
        is_master=serves,
        timeout=patience,
        wait_for_workers=False,
        master_listen_fd=listening,
    )


def _listen(port: int) -> socket.socket:
    """At the address that MASTER_ADDR gives, if it does: the store asks nobody who he is. What a
    host's own name means on the host itself is not sure enough; then at all."""
    address = os.environ.get("MASTER_ADDR", "")
    try:
        return socket.create_server((address, port), backlog=socket.SOMAXCONN)
    except OSError as error:
        raise ArgumentsError(
            f"cannot wait for the other processes at {address or '*'}:{port}: {error.strerror}; "
            "MASTER_PORT names another port"
        ) from error


def _missing(store: Store, here: World) -> str:
    with contextlib.suppress(torch.distributed.DistError):
        absent = [rank for rank in range(here.size) if not store.check([f"came/{rank}"])]
        if absent:
            return ", ".join(here.name(rank) for rank in absent)
    return f"{here.name(0)} is gone, and some other processes"
