"""In processes of their own: what an import leaves behind cannot be undone in this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FAKE = """
import torch
{body}
loaded = True
"""
PROGRAM = """
import sys
sys.path[:0] = [{fake!r}, {code!r}]
from sonomodel.networks.torchvision_guard import load_torchvision
print(load_torchvision().loaded)
"""


def run_guard(tmp_path: Path, root: Path, body: str) -> subprocess.CompletedProcess[str]:
    """The guard in front of a stand-in for torchvision that runs `body` when imported."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(FAKE.format(body=body))
    program = PROGRAM.format(fake=str(tmp_path), code=str(root / "model_code"))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_torchvision_without_its_operators_is_imported(tmp_path: Path, root: Path) -> None:
    # the very statement at which the real one fails
    body = "torch.library.register_fake('torchvision::nms')(lambda dets, scores, iou: dets)"

    finished = run_guard(tmp_path, root, body)

    assert finished.stdout.strip() == "True", finished.stderr


def test_other_failures_of_torchvision_are_not_hidden(tmp_path: Path, root: Path) -> None:
    finished = run_guard(tmp_path, root, "raise RuntimeError('something else is broken')")

    assert finished.returncode != 0
    assert "something else is broken" in finished.stderr


def test_installed_torchvision_builds_a_network() -> None:
    from sonomodel.networks.torchvision_guard import load_torchvision

    assert load_torchvision().models.resnet18(num_classes=5).fc.out_features == 5
