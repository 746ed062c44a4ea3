"""What a training job leaves, where the input of judge_model says."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from tests.unit import stack


def key(payload: dict[str, Any], name: str) -> str:
    return str(payload["evaluation"][name]).removeprefix(f"s3://{stack.WORK}/")


def write(payload: dict[str, Any], documents: Mapping[str, bytes]) -> None:
    """As the job's output.tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in documents.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    stack.write(stack.WORK, key(payload, "output_uri"), buffer.getvalue())


def write_evaluation(payload: dict[str, Any], metrics: Any, name: str = "evaluation.json") -> bytes:
    """With a history and nothing else beside it; gives the evaluation."""
    document = json.dumps({"task": payload["task"], "metrics": metrics}).encode()
    write(payload, {"history.json": b"[]", name: document})
    return document
