"""What a training job leaves behind, in S3: model and output archives, checkpoints."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.sagemaker.container_layout import Layout
from local.sagemaker.training import channels


def collect(layouts: Sequence[Layout]) -> list[str]:
    """Put what all instances left where the first one left its own: a job has one model.

    Of files with the same name the first instance's stays; their paths are returned.
    """
    first, *others = layouts
    doubles = []
    for layout in others:
        for path in sorted(_files(layout.model) + _files(layout.output_data)):
            relative = path.relative_to(layout.base)
            target = first.base / relative
            if target.exists():
                doubles.append(relative.as_posix())
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
    return doubles


def upload(s3: Any, layout: Layout, destination: str) -> str:
    """Upload `model.tar.gz`, and `output.tar.gz` if there is output data. The model's address."""
    model = f"{destination}/model.tar.gz"
    _put(s3, model, _pack(layout.model, layout.base / "model.tar.gz"))
    if any(layout.output_data.iterdir()):
        archive = _pack(layout.output_data, layout.base / "output.tar.gz")
        _put(s3, f"{destination}/output.tar.gz", archive)
    return model


def upload_checkpoints(s3: Any, layouts: Sequence[Layout], destination: str) -> None:
    """Upload the checkpoints; AWS does so while the job runs, here it happens at its end.

    All instances share one prefix. Of files with the same name the first instance's is uploaded.
    """
    files: dict[str, Path] = {}
    for layout in layouts:
        for path in _files(layout.checkpoints):
            files.setdefault(path.relative_to(layout.checkpoints).as_posix(), path)
    for name, path in sorted(files.items()):
        _put(s3, destination + name, path)


def restore_checkpoints(s3: Any, layout: Layout, source: str) -> None:
    """Bring back the checkpoints of an earlier job to an instance, if there are any."""
    layout.checkpoints.mkdir()
    bucket, prefix = channels.split_uri(source)
    if s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"]:
        data = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}}
        channels.download(s3, {"DataSource": data}, layout.checkpoints)


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def _put(s3: Any, uri: str, path: Path) -> None:
    bucket, key = channels.split_uri(uri)
    with path.open("rb") as file:
        s3.put_object(Bucket=bucket, Key=key, Body=file)


def _pack(directory: Path, archive: Path) -> Path:
    # Stored, not compressed: weights hardly shrink, and whoever runs the demo waits for it.
    with tarfile.open(archive, "w:gz", compresslevel=0) as tar:
        for path in sorted(directory.iterdir()):
            tar.add(path, arcname=path.name)
    return archive
