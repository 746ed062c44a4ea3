"""Training one network in several processes, as if one process had the whole batch.

Every process draws the same batches and the same changes to their images, then takes its part of
each. Gradients are averaged, batch normalisation sees the whole batch, and the processes take every
decision together: what only the first one does (validation, log, checkpoints, the model), it tells
the others the outcome of. Alone, a process tells nobody and everything is what it was.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
import torch.distributed as group
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sonomodel import errors
from sonomodel.errors import ArgumentsError, ChannelError, ModelCodeError, PeerLost
from sonomodel.processes import batch_norm
from sonomodel.processes.world import World, join, leave

LINGER_SECONDS = 3.0
Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True)
class Peers:
    """The processes of a job, as one of them sees them."""

    world: World = dataclasses.field(default_factory=World)

    @classmethod
    def gather(cls, world: World) -> Peers:
        """Raises PeersMissing."""
        if world.size > 1:
            join(world)
        return cls(world)

    @property
    def alone(self) -> bool:
        return self.world.size == 1

    @property
    def lead(self) -> bool:
        """Whether this is the first process."""
        return self.world.rank == 0

    def part(self, count: int) -> slice:
        """This process's part of a batch of `count` images; parts differ by one at most."""
        rank, size = self.world.rank, self.world.size
        return slice(count * rank // size, count * (rank + 1) // size)

    def check_parts(self, smallest: int, digest: Callable[[], str]) -> None:
        """Raises ArgumentsError where the smallest batch cannot be shared, ChannelError where the
        processes were given different images, by their digest."""
        if smallest < self.world.size:
            raise ArgumentsError(
                f"a batch of {smallest} images cannot be shared by {self.world.size} processes: "
                "raise --batch-size, or lower the number of instances"
            )
        if not self.alone and self.any(digest() != self.led(digest)):
            raise ChannelError(
                "the instances were given different training images; each needs all of them: "
                "S3DataDistributionType FullyReplicated"
            )

    def synchronise(self, network: nn.Module, device: torch.device) -> None:
        """Batch normalisation over all parts. Parameters and names stay what they are."""
        if self.alone:
            return
        if device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        else:
            batch_norm.synchronise(network)

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network to call in training: the same one, its gradients averaged over processes.

        Starts all of them from the first one's weights.
        """
        if self.alone:
            return network
        # Running statistics are the same everywhere already.
        return DistributedDataParallel(network, forward_sync_buffers=False)

    def weight(self, part: int, count: int) -> float:
        """What the loss of a part counts, so that the average of gradients is the whole batch's."""
        return self.world.size * part / count

    def mean(self, value: Tensor) -> Tensor:
        """Of a scalar, over the processes; the same number in each."""
        if self.alone:
            return value
        total = value.detach().double().cpu().clone()
        group.all_reduce(total)
        return total / self.world.size

    def any(self, condition: bool) -> bool:
        """Whether it holds in any process."""
        if self.alone:
            return condition
        count = torch.tensor([int(condition)])
        group.all_reduce(count)
        return bool(count.item())

    def led(self, work: Callable[[], Result]) -> Result:
        """Does the work in the first process alone; its result or error is every process's.

        The result: tensors, numbers, text, None, lists and dicts of them.
        """
        if self.alone:
            return work()
        if not self.lead:
            received: Result = self._receive()
            return received
        try:
            result = work()
        except Exception as error:
            self._broadcast({"error": [type(error).__name__, str(error)]})
            raise
        self._broadcast({"result": result})
        return result

    def part_company(self) -> None:
        """After training, when all have come so far: nobody hears of anybody any more."""
        if not self.alone:
            self.any(False)
            leave()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Raises PeerLost, where a call fails because another process has gone."""
        try:
            yield
        except RuntimeError as error:
            if self.alone or not _of_the_group(error):
                raise
            # The other one's error is the job's reason to fail: let it end first.
            time.sleep(LINGER_SECONDS)
            raise PeerLost(
                f"{self.world.name(self.world.rank)} has lost another process of the job, whose "
                f"log says why it ended ({str(error).splitlines()[0]})"
            ) from error

    def _broadcast(self, content: dict[str, Any]) -> None:
        file = io.BytesIO()
        torch.save(content, file)
        data = torch.frombuffer(file.getbuffer(), dtype=torch.uint8)
        group.broadcast(torch.tensor([len(data)]), src=0)
        group.broadcast(data, src=0)

    def _receive(self) -> Any:
        length = torch.zeros(1, dtype=torch.int64)
        group.broadcast(length, src=0)
        data = torch.empty(int(length), dtype=torch.uint8)
        group.broadcast(data, src=0)
        content = torch.load(io.BytesIO(data.numpy().tobytes()), weights_only=True)
        if "error" in content:
            raise _error(*content["error"])
        return content["result"]


def _error(name: str, message: str) -> ModelCodeError:
    """The first process's error. One that is not ours is its own, and a loss to the others."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, ModelCodeError):
        return kind(message)
    return PeerLost(f"the first process failed with {name}: {message}")


def _of_the_group(error: RuntimeError) -> bool:
    """Gloo's errors are plain RuntimeErrors that name the place in its source."""
    return isinstance(error, group.DistError) or "gloo" in str(error).lower()
