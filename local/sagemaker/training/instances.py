"""The instances of one training job: a process each, with a container's layout of its own.

They are all on this machine, so their names (algo-1, algo-2 …) mean nothing to its resolver, and
two jobs would meet at the same port: MASTER_ADDR and MASTER_PORT, as torch.distributed names them,
tell the processes where the first one waits. They speak through the loopback interface alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from local.sagemaker.training.builtin_algorithm import AlgorithmRun
from local.sagemaker.training.process import TrainingProcess
from local.sagemaker.training.script_mode import Script

LIMIT = 8  # instances; each is a process with all the memory that one takes
# Below those that systems lend to outgoing connections (from 32,768 on Linux, 49,152 on macOS): one
# of those may be lent between the moment it was found free and the moment a process waits at it.
PORTS = range(20_000, 30_000)
_LOOPBACK = "127.0.0.1"
_GRACE_SECONDS = 10.0  # for the others, once one has failed


def names(count: int) -> list[str]:
    """As SageMaker names its hosts."""
    return [f"algo-{number}" for number in range(1, count + 1)]


def meeting_place(count: int) -> dict[str, str]:
    """What the environment of a job with several instances says beside SageMaker's variables."""
    if count == 1:
        return {}
    # They were told of no GPU (SM_NUM_GPUS), and could not share one.
    return {"MASTER_ADDR": _LOOPBACK, "MASTER_PORT": str(free_port()), "CUDA_VISIBLE_DEVICES": ""}


def free_port() -> int:
    """One that nobody listens at; at random, so that two jobs that start together find two."""
    for port in random.sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError), socket.create_server((_LOOPBACK, port)):
            return port
    raise OSError(f"every port from {PORTS.start} to {PORTS.stop - 1} is taken")


def lay_out(program: Script | AlgorithmRun) -> None:
    """Make an instance's directories, and the files that describe the job to it."""
    layout = program.layout
    for directory in (layout.config, layout.model, layout.output_data, layout.code):
        directory.mkdir(parents=True)
    for name, content in (
        ("hyperparameters", program.hyperparameters),
        ("inputdataconfig", program.input_data_config),
        ("resourceconfig", program.resource_config),
    ):
        (layout.config / f"{name}.json").write_text(json.dumps(content))


@dataclasses.dataclass(frozen=True)
class Ended:
    """How the processes of a job ended."""

    exit_code: int | None  # 0; of the one that failed; None if they were stopped before they began
    failed: int  # which one, if any
    timed_out: bool


class Instances:
    """The processes of a job, which start together. `run` blocks; `stop` may be called at any time.

    When one fails the others are ended.
    """

    def __init__(self, processes: Sequence[TrainingProcess]) -> None:
        self._processes = processes

    def stop(self) -> None:
        for process in self._processes:
            process.stop()

    def run(self, environments: Sequence[Mapping[str, str]], seconds: float) -> Ended:
        with ThreadPoolExecutor(len(self._processes)) as pool:
            runs = {
                pool.submit(process.run, environment, seconds): index
                for index, (process, environment) in enumerate(
                    zip(self._processes, environments, strict=True)
                )
            }
            try:
                return self._await(runs)
            except BaseException:
                self.stop()
                raise

    def _await(self, runs: Mapping[Future[tuple[int | None, bool]], int]) -> Ended:
        ended = Ended(exit_code=0, failed=0, timed_out=False)
        for run in as_completed(runs):
            exit_code, timed_out = run.result()
            ended = dataclasses.replace(ended, timed_out=ended.timed_out or timed_out)
            if ended.exit_code != 0 or exit_code == 0:
                continue
            ended = dataclasses.replace(ended, exit_code=exit_code, failed=runs[run])
            if not self._processes[runs[run]].stopped:
                for process in self._processes:
                    process.stop(_GRACE_SECONDS)
        return ended
