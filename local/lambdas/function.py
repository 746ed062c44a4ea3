"""What a worker needs to know of a Lambda function, read from moto's record of it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

from local.lambdas import compiled
from local.runtime.once import made_once
from local.runtime.requirements import (
    constraints_file,
    is_installed,
    is_local,
    lines,
    linked,
)


@dataclasses.dataclass(frozen=True)
class Function:
    """One version of one function as configured now; equal while a warm worker may serve it."""

    name: str
    arn: str
    version: str
    handler: str
    role: str
    runtime: str
    memory_mb: int
    timeout: float  # seconds
    environment: tuple[tuple[str, str], ...]
    code_digest: str
    log_group: str
    log_format: str  # Text or JSON
    storage_mb: int  # of /tmp
    code: bytes = dataclasses.field(compare=False, repr=False)

    @classmethod
    def of(cls, record: Any) -> Function:
        """From a moto LambdaFunction."""
        logging = getattr(record, "logging_config", {})
        return cls(
            name=record.function_name,
            arn=record.function_arn,
            version=str(record.version),
            handler=record.handler,
            role=record.role,
            runtime=record.run_time,
            memory_mb=int(record.memory_size),
            timeout=float(record.timeout),
            environment=tuple(sorted((k, str(v)) for k, v in record.environment_vars.items())),
            code_digest=hashlib.sha256(record.code_bytes).hexdigest(),
            log_group=logging.get("LogGroup", record.logs_group_name),
            log_format=logging.get("LogFormat", "Text"),
            storage_mb=int(record.ephemeral_storage),
            code=record.code_bytes,
        )


def named_packages(requirements: str) -> list[str]:
    """What a function's requirements.txt names and is installed here, without the folders of the
    repository, which its archive holds."""
    named = [line for line in lines(requirements) if constraints_file(line) is None]
    return [line for line in named if not is_local(line) and is_installed(line)]


def packages(task_root: Path, below: Path) -> list[Path]:
    """What a function may import beside its own code: what its requirements.txt names, and what
    /var/runtime holds on AWS, which is AWS's runtime client and a boto3."""
    file = task_root / "requirements.txt"
    named = named_packages(file.read_text()) if file.is_file() else []
    return [linked(named, below), linked(("awslambdaric", "boto3"), below)]


def unpack(function: Function, below: Path) -> Path:
    """The function's code as a directory, unpacked once per content."""

    def fill(folder: Path) -> None:
        with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
            archive.extractall(folder)
        compiled.give_way(folder)

    return made_once(below / function.code_digest[:32], fill)
