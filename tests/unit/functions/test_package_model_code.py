from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.package_model_code.app import handler
from sonoflow.aws.clients import client
from sonoflow.errors import CodeAltered, PayloadInvalid, WeightsAltered
from tests.unit import stack


@pytest.fixture
def installed(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model code as pip installs it: its files in a folder of the package's name."""
    package = tmp_path / "sonoflow_model_code"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__pycache__" / "data.cpython-311.pyc").write_bytes(b"cache")
    for module in (root / "model_code").rglob("*.py"):
        place = package / module.relative_to(root / "model_code")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(module.read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    return package


def test_the_model_code_is_stored_under_the_digest_of_its_archive(
    aws: None, context: Any, installed: Path
) -> None:
    answer = handler(stack.event("package_model_code.empty"), context)

    assert answer["uri"] == f"s3://{stack.WORK}/code/{answer['sha256']}.tar.gz"
    data = stack.read(stack.WORK, f"code/{answer['sha256']}.tar.gz")
    assert hashlib.sha256(data).hexdigest() == answer["sha256"]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
        assert "train_classifier.py" in names
        assert "train_segmenter.py" in names
        modules = (path.relative_to(installed) for path in installed.rglob("*.py"))
        assert names == sorted(module.as_posix() for module in modules)


def test_the_same_code_gives_the_same_archive_whatever_its_files_times(
    aws: None, context: Any, installed: Path
) -> None:
    first = handler(stack.event("package_model_code.empty"), context)
    for module in installed.glob("*.py"):
        module.touch()

    assert handler(stack.event("package_model_code.empty"), context) == first


def test_code_that_is_there_already_is_not_written_again(
    aws: None, context: Any, installed: Path
) -> None:
    answer = handler(stack.event("package_model_code.empty"), context)
    before = client("s3").list_object_versions(Bucket=stack.WORK)["Versions"]

    assert handler(stack.event("package_model_code.empty"), context) == answer
    assert client("s3").list_object_versions(Bucket=stack.WORK)["Versions"] == before


def test_code_that_someone_has_written_over_is_not_handed_on(
    aws: None, context: Any, installed: Path
) -> None:
    answer = handler(stack.event("package_model_code.empty"), context)
    stack.write(stack.WORK, f"code/{answer['sha256']}.tar.gz", b"someone else's code")

    with pytest.raises(CodeAltered) as raised:
        handler(stack.event("package_model_code.empty"), context)

    assert answer["uri"] in str(raised.value)
    assert f"not {answer['sha256']}" in str(raised.value)


def test_another_error_of_the_write_is_not_taken_for_that(
    aws: None, context: Any, installed: Path
) -> None:
    client("s3").delete_bucket(Bucket=stack.WORK)

    with pytest.raises(ClientError, match="NoSuchBucket"):
        handler(stack.event("package_model_code.empty"), context)


def test_two_writers_at_once_come_to_the_same_end(
    aws: None, context: Any, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 asks the one to try again, and then says that the archive is there."""
    s3 = client("s3")
    write, tries = s3.put_object, []

    def conflicting(**request: Any) -> Any:
        tries.append(request)
        if len(tries) == 1:
            write(**request)  # the other's
            answer = {"Error": {"Code": "ConditionalRequestConflict", "Message": ""}}
            raise ClientError(answer, "PutObject")  # type: ignore[arg-type]
        return write(**request)

    monkeypatch.setattr(s3, "put_object", conflicting)

    handler(stack.event("package_model_code.empty"), context)

    assert len(tries) == 2


def test_other_code_gives_another_archive(aws: None, context: Any, installed: Path) -> None:
    first = handler(stack.event("package_model_code.empty"), context)
    (installed / "train_classifier.py").write_text("print('changed')\n", encoding="utf-8")

    assert handler(stack.event("package_model_code.empty"), context) != first


def test_published_weights_are_stored_beside_it_where_networks_start_from_them(
    aws: None, context: Any, installed: Path, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("PRETRAINED", "true")

    answer = handler(stack.event("package_model_code.empty"), context)

    (uri,) = answer["weights"].values()
    key = uri.removeprefix(f"s3://{stack.WORK}/")
    assert key == f"weights/{hashlib.sha256(stack.read(stack.WORK, key)).hexdigest()}.safetensors"


def test_no_weights_are_stored_where_everything_starts_from_scratch(
    aws: None, context: Any, installed: Path, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("PRETRAINED", "false")

    answer = handler(stack.event("package_model_code.empty"), context)

    assert answer["weights"] == {}
    assert stack.keys_of(stack.WORK) == [f"code/{answer['sha256']}.tar.gz"]


def test_weights_that_someone_has_written_over_are_not_handed_on(
    aws: None, context: Any, installed: Path, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("PRETRAINED", "true")
    (uri,) = handler(stack.event("package_model_code.empty"), context)["weights"].values()
    stack.write(stack.WORK, uri.removeprefix(f"s3://{stack.WORK}/"), b"someone else's weights")

    with pytest.raises(WeightsAltered, match=uri):
        handler(stack.event("package_model_code.empty"), context)


def test_an_input_is_an_error_for_it_would_not_be_heeded(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match="takes no input"):
        handler(stack.event("package_model_code.bad_input"), context)
