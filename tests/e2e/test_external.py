"""A set from elsewhere is judged by the models in service and never trained on."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from rich.console import Console

from local.dropping.drop import Wishes, drop_files
from local.phantoms import write_phantoms
from tests.e2e.conftest import Deploy, Stack, zip_of

pytestmark = pytest.mark.slow

Phantoms = Callable[[int], bytes]
LEAKS = ("benign (3)", "malignant (5)")
PER_CLASS = 4


def brighter(data: bytes) -> bytes:
    """As another scanner's gain would show it."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(float)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels * 0.85 + 25, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def elsewhere(own: bytes, folder: Path) -> bytes:
    """Phantoms of another seed, brighter, and two of the training set's under other names; a table
    names the device of each."""
    path = folder / "other.zip"
    write_phantoms(path, images_per_class=PER_CLASS, seed=99)
    files = members(path.read_bytes())
    for name, content in members(own).items():
        for leak in LEAKS:
            if f"{leak}." in name or f"{leak}_mask" in name:
                files[name.replace(leak, leak.replace("(", "(90"))] = content
    scans = sorted(name for name in files if "_mask" not in name)
    for name in scans:
        files[name] = brighter(files[name])
    rows = [f"{name.rpartition('/')[2]},{'AB'[at % 2]}" for at, name in enumerate(scans)]
    return zip_of({**files, "devices.csv": "\n".join(["ID,Device", *rows]).encode()})


def report(stack: Stack) -> Any:
    (key,) = [k for k in stack.keys(stack.results, "reports/") if k.endswith("/external.json")]
    return stack.document(stack.results, key)


def test_a_set_from_elsewhere_is_judged_and_its_leaks_are_left_out(
    deploy: Deploy, phantoms: Phantoms, tmp_path: Path, root: Path
) -> None:
    other = elsewhere(phantoms(1), tmp_path)
    dropped = tmp_path / "elsewhere.zip"
    dropped.write_bytes(other)
    with deploy() as stack:
        told = io.StringIO()
        console = Console(file=told, width=200)

        def drop() -> int:
            return drop_files(stack.laptop, [dropped], Wishes(to="external/"), console)

        assert drop() == 1
        assert "no model is in service that could judge this set" in told.getvalue()
        refusal = stack.notification("no-model")
        assert "drop this again" in refusal
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))
        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        before = stack.sagemaker.list_training_jobs()["TrainingJobSummaries"]

        assert drop() == 0, told.getvalue()

        found = report(stack)
        schema = json.loads((root / "docs/schemas/external.schema.json").read_text())
        Draft202012Validator(schema).validate(found)
        assert found["images"]["judged"] == 3 * PER_CLASS
        assert found["left_out"]["reasons"] == {"known-image": len(LEAKS)}
        for task in ("classification", "segmentation"):
            sides = found[task]["external"], found[task]["internal"]
            assert [side["images"] for side in sides] == [3 * PER_CLASS, 3]
            devices = [part for part in found[task]["by"] if part["by"] == "Device"]
            assert [part["value"] for part in devices] == ["A", "B"]
        registered = stack.document(
            stack.work, f"training/{found['models'][0]['release']}/evaluation.json"
        )
        assert registered is not None
        internal = found["classification"]["internal"]["metrics"]
        assert internal["accuracy"] == registered["metrics"]["accuracy"]
        matrix = stack.document(stack.results, "reports/external/matrix.json")
        assert matrix is not None
        (line,) = matrix["segmentation"]
        assert line["external"][0]["dataset"]["name"] == "elsewhere"
        assert "12 images judged, 2 left out" in stack.notification("images judged")
        # Nothing was trained, and once is enough.
        assert stack.sagemaker.list_training_jobs()["TrainingJobSummaries"] == before
        assert len(stack.runs()) == 1
        assert drop() == 0
        assert len(stack.runs("ValidateExternal")) == 1
