"""Where the parts of a validation lie in the work bucket.

The set itself is staged like every other, below `datasets/<name>/<version>/`. What the models in
service say of it depends on them too, so it lies below a digest of their releases.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from sonoflow import keys, payloads
from sonoflow.errors import PayloadInvalid
from sonoflow.keys import Dataset

DIGITS = 8
FIGURES = "validations/"


@dataclasses.dataclass(frozen=True)
class Validation:
    """One version of an external set, as the models of one digest judge it."""

    dataset: Dataset
    models: str  # hexadecimal

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Validation:
        """From a state's input. Raises PayloadInvalid."""
        digest = payloads.field(payload, "models_digest", str)
        if not re.fullmatch(rf"[0-9a-f]{{{DIGITS}}}", digest):
            raise PayloadInvalid(f"'models_digest' is no digest of {DIGITS} digits: {digest!r}")
        return cls(Dataset.parse(payload), digest)

    @property
    def run(self) -> str:
        return f"{self.dataset.run}-{self.models}"

    @property
    def prefix(self) -> str:
        return f"{keys.EXTERNAL}{self.dataset.name}/{self.dataset.version}/{self.models}/"

    @property
    def index(self) -> str:
        """A line per image that is judged."""
        return f"{self.prefix}index.jsonl"

    @property
    def left_out(self) -> str:
        """A line per image that was staged and is not judged."""
        return f"{self.prefix}left_out.jsonl"

    @property
    def notes(self) -> str:
        """What was assumed of the set."""
        return f"{self.prefix}assumptions.json"

    @property
    def batches(self) -> str:
        return f"{self.prefix}batches.json"

    def answers(self, number: int) -> str:
        return f"{self.prefix}answers/{number:05d}.json"

    def mask(self, identity: str) -> str:
        """A mask as the segmenter has drawn it."""
        return f"{self.prefix}masks/{identity}.png"

    @property
    def figures(self) -> str:
        """What the matrix of all validations is made of, which lists them."""
        return f"{FIGURES}{self.dataset.name}/{self.dataset.version}/{self.models}.json"
