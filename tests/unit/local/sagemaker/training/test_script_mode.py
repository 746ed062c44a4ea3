"""Script mode compared with what sagemaker-training 5.1.4 handed to a script.

The golden file was recorded by running that package's `train` with SAGEMAKER_BASE_DIR below a
scratch directory, and its `entry_point.run(capture_error=True)` as framework images call it.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from local.sagemaker.container_layout import Layout
from local.sagemaker.training.code_archives import ScriptModeError
from local.sagemaker.training.script_failure import ErrorExcerpt, error_message, failure_message
from local.sagemaker.training.script_mode import Script

GOLDEN = json.loads(Path(__file__).with_name("script_mode.golden.json").read_text())


def script(base: Path, **hyperparameters: str) -> Script:
    recorded = json.loads(json.dumps(GOLDEN["hyperparameters"]).replace("{base}", "/opt/ml"))
    channel = {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    return Script(
        layout=Layout(base),
        hyperparameters=hyperparameters or recorded,
        input_data_config=dict.fromkeys(GOLDEN["channels"], channel),
        resource_config=GOLDEN["resource_config"],
        job_name="job-1",
        region="us-east-1",
        cpus=int(GOLDEN["environment"]["SM_NUM_CPUS"]),
    )


def recorded(base: Path, name: str) -> Any:
    return json.loads(json.dumps(GOLDEN[name]).replace("{base}", str(base)))


def test_arguments_are_those_of_the_toolkit(tmp_path: Path) -> None:
    assert script(tmp_path).command() == [sys.executable, "--", *GOLDEN["argv"]]


def test_the_environment_is_that_of_the_toolkit(tmp_path: Path) -> None:
    environment = script(tmp_path).environment()

    expected = recorded(tmp_path, "environment")
    ours = {name: value for name, value in environment.items() if name in expected}
    assert ours == expected
    assert set(environment) - set(expected) == {
        "PYTHONPATH",
        "SAGEMAKER_REGION",
        "TRAINING_JOB_NAME",
    }


def test_the_working_directory_is_that_of_the_toolkit(tmp_path: Path) -> None:
    assert str(Layout(tmp_path).code) == recorded(tmp_path, "cwd")


@pytest.mark.parametrize("name", sorted(GOLDEN["failures"]))
def test_failures_read_as_those_of_the_toolkit(name: str, tmp_path: Path) -> None:
    case = GOLDEN["failures"][name]
    code = Layout(tmp_path).code
    code.mkdir()
    (code / "train.py").write_text(case["script"])
    command = script(tmp_path).command()

    done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=False)

    excerpts = [ErrorExcerpt(), ErrorExcerpt()]
    for stream, excerpt in zip((done.stdout, done.stderr), excerpts, strict=True):
        for line in stream.splitlines():
            excerpt.add(line)
    message = failure_message(done.returncode, error_message(excerpts), command)
    expected = case["failure"].replace("{python}", sys.executable).replace("{base}", str(tmp_path))
    assert message == expected


@pytest.mark.parametrize(
    ("hyperparameters", "complaint"),
    [
        ({}, "sagemaker_program is missing"),
        ({"sagemaker_program": "../train.py"}, "must be a .py file"),
        ({"sagemaker_program": "train.sh"}, "must be a .py file"),
        ({"sagemaker_program": "train.py"}, "sagemaker_submit_directory is missing"),
        (
            {"sagemaker_program": "train.py", "sagemaker_submit_directory": "/etc/code.tar.gz"},
            "a path below /opt/ml",
        ),
    ],
)
def test_incomplete_hyperparameters_are_named(
    hyperparameters: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    incomplete = script(tmp_path, **(hyperparameters or {"epochs": "1"}))

    with pytest.raises(ScriptModeError, match=complaint):
        incomplete.check()


def archive(path: Path, **files: str) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("_py", ".py").replace("_txt", ".txt"))
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def test_code_is_unpacked_where_it_runs(tmp_path: Path) -> None:
    subject = script(tmp_path / "ml")

    subject.unpack_code(archive(tmp_path / "code.tar.gz", train_py="pass", requirements_txt="\n"))

    assert (tmp_path / "ml" / "code" / "train.py").read_text() == "pass"


def named_by_digest(tmp_path: Path) -> Path:
    code = archive(tmp_path / "code.tar.gz", train_py="pass")
    return code.rename(tmp_path / f"{hashlib.sha256(code.read_bytes()).hexdigest()}.tar.gz")


@pytest.mark.parametrize("folder", ["/opt/ml/input/data/code", "s3://work/code"])
def test_code_is_held_against_the_digest_that_names_it(folder: str, tmp_path: Path) -> None:
    code = named_by_digest(tmp_path)
    given = {"sagemaker_program": "train.py", "sagemaker_submit_directory": f"{folder}/{code.name}"}
    subject = script(tmp_path / "ml", **given)

    subject.unpack_code(code)

    assert subject.layout.code.joinpath("train.py").is_file()


def test_code_that_someone_has_written_over_is_not_even_unpacked(tmp_path: Path) -> None:
    code = named_by_digest(tmp_path)
    archive(code, train_py="print('planted')")
    given = {"sagemaker_program": "train.py", "sagemaker_submit_directory": f"s3://b/c/{code.name}"}
    subject = script(tmp_path / "ml", **given)

    with pytest.raises(ScriptModeError, match="someone has written over it"):
        subject.unpack_code(code)

    assert not subject.layout.code.exists()


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"other_py": "pass"}, "holds no train.py"),
        ({"train_py": "pass", "requirements_txt": "numpy"}, "installs nothing"),
    ],
)
def test_code_that_cannot_run_is_refused(
    files: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    code = archive(tmp_path / "code.tar.gz", **files)

    with pytest.raises(ScriptModeError, match=complaint):
        script(tmp_path / "ml").unpack_code(code)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "code.tar.gz").write_bytes(b"text")

    with pytest.raises(ScriptModeError, match="is no code archive"):
        script(tmp_path / "ml").unpack_code(tmp_path / "code.tar.gz")


def test_the_objective_of_a_tuning_job_is_not_the_scripts(tmp_path: Path) -> None:
    """SageMaker adds it to the hyperparameters; the toolkit knows it as its own."""
    code = "/opt/ml/input/data/code/a.tar.gz"
    given = {"sagemaker_program": "train.py", "sagemaker_submit_directory": code, "epochs": "3"}
    plain = script(tmp_path, **given)
    candidate = script(tmp_path, **given, _tuning_objective_metric="validation:macro_f1")

    assert candidate.command() == plain.command()
    assert candidate.environment() == plain.environment()
