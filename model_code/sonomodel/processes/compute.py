"""Where the network computes, with whom, and in which number format.

bfloat16 halves the time of a training step on processors with instructions for it and more than
doubles it on others (2.3 times, measured on AVX-512 without them), so it is switched on only
where the processor names them. channels_last is 7 to 24 % quicker on a CPU at 128 pixels;
training/memory_format.py has the layers for which it is not.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import nn

from sonomodel.processes.peers import Peers

BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # as Linux names them: x86, x86, Arm


@dataclasses.dataclass(frozen=True)
class Compute:
    device: torch.device
    bfloat16: bool
    peers: Peers = dataclasses.field(default_factory=Peers)

    @classmethod
    def here(cls, peers: Peers | None = None) -> Compute:
        peers = peers or Peers()
        if torch.cuda.is_available():
            bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
            return cls(torch.device("cuda"), bfloat16, peers)
        return cls(torch.device("cpu"), cpu_has_bfloat16(Path("/proc/cpuinfo")), peers)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    def place(self, network: nn.Module) -> nn.Module:
        placed: nn.Module = network.to(
            self.device,
            memory_format=torch.channels_last,  # type: ignore[call-overload]
        )
        return placed

    def __str__(self) -> str:
        threads = f" threads={torch.get_num_threads()}" if self.device.type == "cpu" else ""
        world = self.peers.world
        process = "" if self.peers.alone else f" process={world.rank + 1}/{world.size}"
        return f"device={self.device.type} bfloat16={str(self.bfloat16).lower()}{threads}{process}"


def cpu_has_bfloat16(cpuinfo: Path) -> bool:
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # not Linux
        return False
    flags = [line for line in lines if line.lower().startswith(("flags", "features"))]
    return bool(flags) and bool(BF16_FLAGS & set(flags[0].split()))
