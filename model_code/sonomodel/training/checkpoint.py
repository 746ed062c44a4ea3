"""A training run's checkpoint: all it takes to go on as if nothing had happened.

One file, replaced after every epoch and when the job is asked to stop. It is written beside its
place, flushed to the disk and renamed, so a reader finds the old one or the new one, never half of
one. It holds tensors and plain values alone, and is read without unpickling anything else. It names
the run it belongs to: hyperparameters, data, code. A checkpoint of another run is refused, since a
curve that begins under one setting and ends under another belongs to neither.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sonomodel.errors import CheckpointError

FILE = "checkpoint.pt"
PARTIAL = ".checkpoint.pt.partial"
FORMAT = 1
Facts = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class CheckpointStore:
    """The checkpoint of one run, in a folder that the platform keeps (or that is kept by hand)."""

    folder: Path
    run: Facts  # what the run is; JSON values

    def save(self, state: Mapping[str, Any]) -> None:
        """Replaces the checkpoint. `state`: tensors, numbers, text, lists and dicts of them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / PARTIAL
        content = {"format": FORMAT, "run": _plain(self.run), "state": dict(state)}
        with partial.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / FILE)
        _flush_folder(self.folder)

    def load(self) -> dict[str, Any] | None:
        """The last state saved, or None when there is none.

        Raises CheckpointError when the file is damaged or belongs to another run.
        """
        path = self.folder / FILE
        if not path.is_file():
            return None
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            version, run, state = content["format"], content["run"], content["state"]
        except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be read: {error}; {_ADVICE}") from error
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{path} is no checkpoint of this program; {_ADVICE}") from error
        if version != FORMAT:
            raise CheckpointError(f"{path} has the format {version}, not {FORMAT}; {_ADVICE}")
        if differences := _differences(run, _plain(self.run)):
            raise CheckpointError(f"{path} is of another run: {differences}; {_ADVICE}")
        return dict(state)


_ADVICE = "remove it to start anew, or name another folder with --checkpoint-dir"


def random_states() -> dict[str, Any]:
    """Of every global generator: torch's on each device, NumPy's, Python's."""
    numpy_state: Any = np.random.get_state()
    kind, keys, position, has_gauss, cached = numpy_state
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [kind, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached],
        "python": random.getstate(),
    }


def restore_random_states(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.device_count() == len(states["cuda"]):
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    random.setstate(states["python"])


def _plain(facts: Facts) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(facts, sort_keys=True))
    return plain


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    missing = object()
    return ", ".join(
        f"{name} was {found.get(name)!r} and is {wanted.get(name)!r}"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name, missing) != wanted.get(name, missing)
    )


def _flush_folder(folder: Path) -> None:
    """Makes the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
