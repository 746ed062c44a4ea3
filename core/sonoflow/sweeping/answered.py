"""Whether anything has come of a version of an upload."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Mapping
from typing import Any

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.inference import standing
from sonoflow.inference.standing import Found


def is_inbox_object(results: str, key: str, version_id: str) -> bool:
    """Whether an answer of that version is there, whole or of another delivery at work."""
    completing = keys.inbox_answers(keys.inbox_path(key))[:2]
    found = [standing.find(results, each) for each in completing]
    return any(each and each.completes and _is_of(each, version_id) for each in found)


def sequencers(results: str, key: str, version_id: str) -> tuple[str | None, list[str]]:
    """That version's own sequencer, where a delivery has left a part of its answer, and those of
    whatever else is there: of earlier versions, as long as this one is the newest."""
    path = keys.inbox_path(key)
    there = [found for each in keys.inbox_answers(path) if (found := standing.find(results, each))]
    own = [found.stamp.sequencer for found in there if _is_of(found, version_id)]
    others = [found.stamp.sequencer for found in there if not _is_of(found, version_id)]
    return (own[0] if own else None), others


def _is_of(found: Found, version_id: str) -> bool:
    return found.stamp.version_id == version_id


class Datasets:
    """What has come of uploads below datasets/ and external/. Executions are listed once."""

    def __init__(self, work: str, machines: tuple[str, ...]) -> None:
        self._work, self._machines = work, machines

    def has_come_of(self, upload: Mapping[str, Any]) -> bool:
        """A refusal of that version, an execution that was started for it, or, where that is
        forgotten by now, what was staged since."""
        return (
            self._is_refused(upload)
            or self._is_planned(upload)
            or self._is_staged_since(keys.dataset_name(upload["Key"]), upload["LastModified"])
        )

    def _is_refused(self, upload: Mapping[str, Any]) -> bool:
        refusal = objects.find_json(self._work, keys.refusal(upload["Key"]))
        return refusal is not None and refusal["upload"]["version_id"] == upload["VersionId"]

    def _is_planned(self, upload: Mapping[str, Any]) -> bool:
        prefix = f"{keys.dataset_name(upload['Key'])}-"
        named = [each for each in self._executions if each["name"].startswith(prefix)]
        return any(_started_for(each["executionArn"]) == upload["VersionId"] for each in named)

    @functools.cached_property
    def _executions(self) -> list[dict[str, Any]]:
        """Of the last ninety days, which is as long as they are kept."""
        pages = client("stepfunctions").get_paginator("list_executions")
        return [
            execution
            for machine in self._machines
            for page in pages.paginate(stateMachineArn=machine)
            for execution in page["executions"]
            if "mapRunArn" not in execution
        ]

    def _is_staged_since(self, name: str, since: datetime.datetime) -> bool:
        pages = client("s3").get_paginator("list_objects_v2")
        return any(
            staged["LastModified"] >= since
            for page in pages.paginate(Bucket=self._work, Prefix=f"{keys.DATASETS}{name}/")
            for staged in page.get("Contents", [])
        )


def _started_for(execution: str) -> str | None:
    """The version of the upload that an execution's input names."""
    described = client("stepfunctions").describe_execution(executionArn=execution)
    version: str | None = json.loads(described["input"])["upload"]["version_id"]
    return version
