"""A zip or manifest of the inbox, answered as the state machine has it answered, without one."""

from __future__ import annotations

import dataclasses
import io
import json
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from functions.answer_members import app as members_app
from functions.summarise_bulk import app as summary_app
from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.bulk import planning
from tests.unit import stack

KEY = "inbox/ward 3/week.zip"
PATH = "ward 3/week.zip"
SEQUENCER = "0055AED6DCD90281E5"


def archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of files in that order; a name may come twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files:
            target.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def damaged(data: bytes, name: str) -> bytes:
    """The zip with one byte of a member's data changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        info = opened.getinfo(name)
    at = info.header_offset + 30 + len(info.filename.encode()) + info.compress_size // 2
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def put(data: bytes, key: str = KEY, sequencer: str = SEQUENCER) -> Upload:
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=data)
    return Upload(stack.UPLOADS, key, answer["VersionId"], len(data), sequencer)


def planned(upload: Upload) -> dict[str, Any]:
    buckets, bulk = settings.read(settings.Buckets), settings.read(settings.BulkPlanning)
    return planning.handle(upload, buckets, bulk)


@dataclasses.dataclass
class Run:
    """One execution of answer_bulk, step by step."""

    context: Any
    input: Mapping[str, Any]

    @classmethod
    def of(cls, upload: Upload, context: Any) -> Run:
        """The one that planning the upload starts."""
        name = planned(upload)["run"]
        found = [
            run for run in stack.executions(stack.BULK_STATE_MACHINE_ARN) if run["name"] == name
        ]
        return cls(context, found[0]["input"])

    def batches(self) -> list[dict[str, Any]]:
        place = self.input["plan"]
        found: list[dict[str, Any]] = stack.read_json(place["bucket"], place["key"])
        return found

    def answer(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """One invocation of the map's function."""
        event = {"run": self.input["run"], "upload": self.input["upload"], "batch": batch}
        answer: dict[str, Any] = members_app.handler(event, self.context)
        return answer

    def summarise(self) -> dict[str, Any]:
        event = {"run": self.input["run"], "upload": self.input["upload"]}
        answer: dict[str, Any] = summary_app.handler(event, self.context)
        return answer

    def finish(self, rounds: int = 3) -> dict[str, Any]:
        """All of it, with as many rounds for each batch."""
        for batch in self.batches():
            for _ in range(rounds):
                done = self.answer(batch)
                if done["overtaken"] or not done["left"]:
                    break
        return self.summarise()

    def end(self) -> None:
        """The execution has ended, whatever has come of it."""
        arn = stack.BULK_STATE_MACHINE_ARN.replace(":stateMachine:", ":execution:")
        client("stepfunctions").stop_execution(executionArn=f"{arn}:{self.input['run']}")


def rows(path: str = PATH) -> list[dict[str, Any]]:
    """Of the summary."""
    text = stack.read(stack.RESULTS, f"bulk/{path}.jsonl").decode()
    return [json.loads(line) for line in text.splitlines()]


def outcomes(path: str = PATH) -> dict[str, tuple[str, str | None]]:
    """Outcome and reason by what follows the zip's own path."""
    return {
        row["path"].removeprefix(f"{path}/"): (row["outcome"], row["reason"]) for row in rows(path)
    }
