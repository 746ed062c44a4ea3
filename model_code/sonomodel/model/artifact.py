"""The model directory that a training job leaves, which becomes model.tar.gz.

weights.safetensors       the network
familiarity.safetensors   of a classifier: what its training images are like
model.json                what it is (card)
config.yaml               Ray Serve's configuration, for SageMaker's Ray serving container
code/                     this code, which that container puts on its path
"""

from __future__ import annotations

import shutil
from pathlib import Path

from torch import nn

from sonomodel.model.card import ModelCard
from sonomodel.model.familiarity import Familiarity
from sonomodel.model.predictor import WEIGHTS_FILE
from sonomodel.networks import weights

CONFIG = """\
# Read by SageMaker's Ray Serve container: what to serve, and under which route.
applications:
  - name: sonoflow
    route_prefix: /
    import_path: ray_app:deployment
"""


def write_model(
    folder: Path, network: nn.Module, card: ModelCard, familiarity: Familiarity | None = None
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {"format": "pt", "name": card.name, "version": card.version}
    weights.save(folder / WEIGHTS_FILE, network.state_dict(), metadata)
    if familiarity is not None:
        familiarity.save(folder)
    card.write(folder)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    copy_code(folder / "code")


def copy_code(target: Path) -> None:
    """All of it, what is for training too: a model carries the code that made it."""
    root = Path(__file__).parents[2]
    for pattern in ("*.py", "*.json", "sonomodel/**/*.py", "sonomodel/**/*.html"):
        for file in sorted(root.glob(pattern)):
            place = target / file.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
