"""Where things are in a training container: `/opt/ml`, below a scratch directory here."""

from __future__ import annotations

import dataclasses
from pathlib import Path

CONTAINER_BASE = "/opt/ml"


@dataclasses.dataclass(frozen=True)
class Layout:
    """The `/opt/ml` of one job, below a scratch directory."""

    base: Path

    @property
    def code(self) -> Path:
        return self.base / "code"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def config(self) -> Path:
        return self.base / "input" / "config"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        return self.base / "output" / "data"

    @property
    def checkpoints(self) -> Path:
        return self.base / "checkpoints"

    def channel(self, name: str) -> Path:
        return self.base / "input" / "data" / name

    def local(self, path: str) -> Path:
        """A path of the container, below this layout."""
        relative = Path(path).relative_to(CONTAINER_BASE)
        return self.base / relative
