from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from sonoflow.releases import code_archive


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sonoflow_model_code"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_only_what_belongs_to_the_code_is_packed(package: Path) -> None:
    for folder in ("networks/blocks", "__pycache__", ".cache"):
        (package / folder).mkdir(parents=True)
    for name in (
        *("train.py", "config.yaml", "pyproject.toml", ".secret.py", "data.pyc", "a.png"),
        *("networks/unet.py", "networks/blocks/__init__.py", "__pycache__/train.pyc"),
        *(".cache/stale.py", "hyperparameters.json", ".state.json", "networks/page.html"),
    ):
        (package / name).write_bytes(name.encode())

    data, _ = code_archive.build()

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == [
            *("config.yaml", "hyperparameters.json", "networks/blocks/__init__.py"),
            "networks/page.html",
            *("networks/unet.py", "train.py"),
        ]
        members = archive.getmembers()
    assert {(m.mtime, m.uid, m.gid, m.mode) for m in members} == {(0, 0, 0, 0o644)}


def test_the_archive_holds_no_time_of_its_own(package: Path) -> None:
    (package / "train.py").write_bytes(b"")

    data, _ = code_archive.build()

    assert data[4:8] == bytes(4), "gzip's header"
    assert gzip.decompress(data)


def test_an_empty_package_is_an_error(package: Path) -> None:
    with pytest.raises(FileNotFoundError, match="sonoflow_model_code"):
        code_archive.build()
