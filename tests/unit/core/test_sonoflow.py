"""What importing the product does, and does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import importlib, json, sys
sys.path[:0] = [{root!r}, {core!r}]
for module in {modules!r}:
    importlib.import_module(module)
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
FUNCTIONS = sorted(p.parent.name for p in Path(__file__).parents[3].glob("functions/*/app.py"))
WITH_ARRAYS = {
    "plan_dataset",
    "stage_images",
    "stage_table",
    "split_dataset",
    "publish_report",
    "record_feedback",
    "answer_members",
    *("plan_external", "check_external", "answer_external", "judge_external", "compare_models"),
}
# What a function imports when it knows what it has to do.
LATE = {
    "compare_models": ("sonoflow.comparing.image_comparisons",),
    "probe_endpoint": ("sonoflow.judging.image_probes", "sonoflow.judging.table_probes"),
    "predict": ("sonoflow.inference.image_inbox", "sonoflow.inference.table_inbox"),
}


def imported(root: Path, *modules: str) -> set[str]:
    """The packages that imports draw in, in a process without any environment."""
    script = SCRIPT.format(root=str(root), core=str(root / "core"), modules=modules)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_the_package_itself_imports_nothing_heavy(root: Path) -> None:
    assert not {"boto3", "numpy", "PIL", "jinja2"} & imported(root, "sonoflow")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_without_environment_and_only_what_it_needs(
    root: Path, function: str
) -> None:
    packages = imported(root, f"functions.{function}.app")

    assert not {"pydantic", "moto", "local", "torch"} & packages
    if function not in WITH_ARRAYS:
        assert not {"numpy", "PIL", "jinja2"} & packages
    packages |= imported(root, *LATE.get(function, ()))
    requirements = (root / "functions" / function / "requirements.txt").read_text("utf-8")
    for package, pin in (
        ("numpy", "numpy=="),
        ("PIL", "pillow=="),
        ("jinja2", "jinja2=="),
        ("matplotlib", "matplotlib=="),
    ):
        assert (package in packages) == (pin in requirements), package


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("sonoflow.inference.image_inbox", ("sonoflow.dicom.objects", "jpeg_ls", "pydicom")),
        ("sonoflow.inference.dicom_examinations", ("jpeg_ls", "pydicom")),
    ],
)
def test_an_image_starts_without_what_dicom_needs_and_dicom_without_its_rarest_decoder(
    root: Path, module: str, without: tuple[str, ...]
) -> None:
    script = f"import sys; sys.path[:0] = [{str(root / 'core')!r}]; import {module}; "
    script += f"print([name for name in {without!r} if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
