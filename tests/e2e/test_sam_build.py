"""`sam build` makes packages that the template's runtime can import, by themselves; `sam deploy`
puts them to work, and `make smoke` does the whole job with them on the laptop runtime."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from local.laptop.client import Laptop
from local.runtime.requirements import lines
from tests import published_weights
from tests.sam_environments import environments

pytestmark = pytest.mark.slow

RUNTIME = "python3.13"
# Beside the package nothing but Python's own library is found.
IMPORT = """
import json, os, sys
sys.path[:0] = [sys.argv[1]]
os.chdir(sys.argv[1])
import app, boto3, botocore, s3transfer
assert callable(app.handler)
for service in ("s3", "sagemaker-runtime", "stepfunctions", "sns", "sqs"):
    boto3.client(service, region_name="eu-west-1")
clients = boto3, botocore, s3transfer
print(json.dumps({module.__name__: [module.__version__, module.__file__] for module in clients}))
"""


def runtime_runs() -> bool:
    """Version managers put a stand-in on PATH that fails unless the version is chosen."""
    if shutil.which(RUNTIME) is None:
        return False
    return subprocess.run([RUNTIME, "--version"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not runtime_runs():
        pytest.skip(f"{RUNTIME}, the template's runtime, does not run here: sam build needs it")
    target = tmp_path_factory.mktemp("sam")
    build = subprocess.run(
        [str(root / ".venv-sam/bin/sam"), "build", "--build-dir", str(target / "build")],
        cwd=root,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stdout + build.stderr
    return target / "build"


def test_every_function_runs_with_the_pinned_aws_clients_and_no_others(
    built: Path, functions_built: list[str], pins: dict[str, str]
) -> None:
    for function in functions_built:
        package = built / function
        imported = subprocess.run(
            [RUNTIME, "-I", "-S", "-B", "-c", IMPORT, str(package)],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        assert imported.returncode == 0, (function, imported.stderr)
        for name, (version, file) in json.loads(imported.stdout).items():
            assert version == pins[name], (function, name)
            assert Path(file).is_relative_to(package), (function, name)


def test_a_package_holds_the_pinned_version_of_everything(
    built: Path, functions_built: list[str], pins: dict[str, str]
) -> None:
    ours = {"sonoflow", "sonoflow-model-code"}
    for function in functions_built:
        found = {}
        for folder in (built / function).glob("*.dist-info"):
            distribution = Distribution.at(folder)
            found[canonicalize_name(distribution.name)] = distribution.version
        assert set(found) - ours >= {"boto3", "botocore", "s3transfer", "aws-lambda-powertools"}
        assert {name: version for name, version in found.items() if name not in ours} == {
            name: pins.get(name) for name in found if name not in ours
        }, function


def test_model_code_and_published_weights_travel_with_their_function(built: Path) -> None:
    package = built / "PackageModelCodeFunction" / "sonoflow_model_code"
    assert (package / "train_classifier.py").is_file()
    assert (package / "serve.py").is_file()
    assert (package / "sonomodel/report/templates/report.html").is_file()
    weights = package.parent / published_weights.MODULE / published_weights.FILE
    assert weights.stat().st_size > 18_000_000


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    """Version by name, of constraints.txt."""
    found = lines((root / "constraints.txt").read_text("utf-8"))
    return {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in found}


@pytest.fixture
def functions_built(root: Path) -> list[str]:
    folders = sorted(path.parent.name for path in (root / "functions").glob("*/app.py"))
    return ["".join(p.capitalize() for p in name.split("_")) + "Function" for name in folders]


def test_sam_validates_the_template(root: Path) -> None:
    validated = subprocess.run(
        [str(root / ".venv-sam/bin/sam"), "validate", "--lint"],
        cwd=root,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert validated.returncode == 0, validated.stdout + validated.stderr


def test_a_built_function_is_invoked_with_the_settings_of_its_source(
    built: Path, root: Path
) -> None:
    """The CLI writes the template again when it builds, and reads that when it invokes."""
    assert environments(built / "template.yaml") == environments(root / "template.yaml")


def test_what_is_built_is_deployed_does_its_work_and_is_removed(
    built: Path, root: Path, tmp_path: Path
) -> None:
    """Given a runtime with nothing of ours in it; nothing of ours is in it at the end."""
    nothing = tmp_path / "nothing.yaml"
    nothing.write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}\n")
    with Laptop.start(root, tmp_path / "laptop", template=nothing) as laptop:
        smoke = subprocess.run(
            [
                *(sys.executable, "-m", "operations.smoke", "--poll", "1"),
                *("--template", str(built / "template.yaml")),
                *("--sam", str(root / ".venv-sam/bin/sam")),
            ],
            cwd=root,
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": laptop.endpoint_url,
                "SAM_CLI_TELEMETRY": "0",
                "PYTHONWARNINGS": "",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert smoke.returncode == 0, smoke.stdout + smoke.stderr
        assert "passed" in smoke.stdout
        sagemaker = laptop.client("sagemaker")
        assert not sagemaker.list_endpoints()["Endpoints"]
        assert not sagemaker.list_models()["Models"]
        buckets = laptop.client("s3").list_buckets()["Buckets"]
        assert not [each for each in buckets if each["Name"].startswith("sonoflow-smoke-")]
        stacks = laptop.client("cloudformation").describe_stacks()["Stacks"]
        assert not [each for each in stacks if each["StackName"].startswith("sonoflow-smoke-")]
