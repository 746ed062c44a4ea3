from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROGRAM = """
import sys
from serve import app
from starlette.routing import Route
print(sorted(route.path for route in app.routes))
from sonomodel.model.predictor import load_predictor
from pathlib import Path
print(load_predictor(Path(sys.argv[1])).card.name)
"""


def test_model_directory_holds_what_serving_needs(classifier_dir: Path) -> None:
    assert sorted(path.name for path in classifier_dir.iterdir()) == [
        "code",
        "config.yaml",
        "model.json",
        "weights.safetensors",
    ]


@pytest.mark.slow
def test_its_code_works_on_its_own(classifier_dir: Path, tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(classifier_dir / "code"), "OMP_NUM_THREADS": "1"}

    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(classifier_dir)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert finished.stdout.split("\n")[:2] == [
        "['/', '/invocations', '/ping']",
        "classifier",
    ], finished.stderr


def test_its_code_can_train_again(classifier_dir: Path) -> None:
    """Declarations of hyperparameters included, which are data."""
    finished = subprocess.run(
        [sys.executable, str(classifier_dir / "code/train_classifier.py"), "--help"],
        env={"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )

    assert "--label-smoothing" in finished.stdout, finished.stderr


def test_its_code_holds_the_pages_of_the_report(classifier_dir: Path, root: Path) -> None:
    folder = "sonomodel/report/templates"

    carried = {path.name for path in (classifier_dir / "code" / folder).iterdir()}

    assert "report.html" in carried
    assert carried == {path.name for path in (root / "model_code" / folder).iterdir()}


def test_configuration_names_the_deployment(classifier_dir: Path) -> None:
    configuration = yaml.safe_load((classifier_dir / "config.yaml").read_text())

    (application,) = configuration["applications"]
    assert application["route_prefix"] == "/"
    module, _, name = application["import_path"].partition(":")
    source = (classifier_dir / "code" / f"{module}.py").read_text()
    assert f"\n{name} = " in source
