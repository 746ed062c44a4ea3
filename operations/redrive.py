"""`make redrive`: send again what was uploaded and never answered.

    python -m operations.redrive --stack sonoflow --dry-run

For about five minutes after a first deployment S3 tells EventBridge of nothing, and what is dropped
then is never heard of; a message that ended in the dead-letter queue is not answered either. Each
such object is copied onto itself: S3 makes a version of it and tells of that one, in the order of
the others. So nothing is invented, and what is answered meanwhile is answered once.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime
import functools
import json
import sys
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.account import Account, Unfinished, code
from sonoflow import keys, sidecar

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
_COPY_LIMIT = 5 * 1024**3
_MINUTES = 15  # how long an upload may be on its way
_AT_ONCE = 16
_VERSION = "sonoflow-version-id"  # in the metadata of every answer, see inference/stamps.py
# Not with the prefix that makes metadata of a data set its mapping, see sidecar.py.
_REDRIVEN = "redriven-version-id"
_KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")


class Redrive:
    """Uploads of one stack that nothing has come of."""

    def __init__(self, account: Account, stack: str) -> None:
        outputs = account.outputs(stack)
        self._account, self._s3 = account, account.client("s3")
        self._uploads, self._work = outputs["UploadsBucketName"], outputs["WorkBucketName"]
        self._results = outputs["ResultsBucketName"]
        self._machines = [
            outputs[f"{name}StateMachineArn"] for name in ("TrainImages", "TrainTable")
        ]

    def unanswered(self, older_than: datetime.datetime) -> Iterator[dict[str, Any]]:
        """Newest versions, with their keys, from before that time."""
        uploads = [
            version
            for prefix in (keys.DATASETS, keys.INBOX)
            for version in self._account.each(
                "s3", "list_object_versions", "Versions", Bucket=self._uploads, Prefix=prefix
            )
            if version["IsLatest"]
            and version["LastModified"] < older_than
            and not version["Key"].endswith("/")
            and not sidecar.is_mapping(version["Key"])
        ]
        planned = self._planned()
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            answered = pool.map(functools.partial(self._is_answered, planned), uploads)
            yield from (upload for upload, done in zip(uploads, answered, strict=True) if not done)

    def send_again(self, upload: dict[str, Any]) -> str:
        """What became of that."""
        if upload["Size"] > _COPY_LIMIT:
            return "too large to be copied by S3: upload it again"
        key, source = upload["Key"], {"Bucket": self._uploads, "Key": upload["Key"]}
        try:
            head = self._s3.head_object(**source, VersionId=upload["VersionId"])
            self._s3.copy_object(
                Bucket=self._uploads,
                Key=key,
                CopySource={**source, "VersionId": upload["VersionId"]},
                IfMatch=upload["ETag"],  # what was uploaded meanwhile is newer, and stays
                MetadataDirective="REPLACE",  # onto itself only what changes is copied
                Metadata={**head["Metadata"], _REDRIVEN: upload["VersionId"]},
                **{name: head[name] for name in _KEPT if name in head},
            )
        except ClientError as error:
            if code(error) not in ("PreconditionFailed", "NoSuchKey", "404"):
                raise
            return "replaced or deleted meanwhile"
        return "sent again"

    def _is_answered(self, planned: set[str], upload: dict[str, Any]) -> bool:
        if upload["Key"].startswith(keys.DATASETS):
            return upload["VersionId"] in planned or self._has_come_of(upload)
        path = keys.inbox_path(upload["Key"])
        answers = (keys.prediction(path), keys.scores(path), keys.rejection(path))
        return any(self._is_of(key, upload["VersionId"]) for key in answers)

    def _is_of(self, key: str, version: str) -> bool:
        try:
            head = self._s3.head_object(Bucket=self._results, Key=key)
        except ClientError as error:
            if code(error) in ("404", "NoSuchKey"):
                return False
            raise
        return bool(head["Metadata"].get(_VERSION) == version)

    def _has_come_of(self, upload: dict[str, Any]) -> bool:
        """A refusal or, where its execution is forgotten by now, what was staged since."""
        if self._is_refused(upload):
            return True
        staged = self._account.each(
            "s3",
            "list_objects_v2",
            "Contents",
            Bucket=self._work,
            Prefix=f"{keys.DATASETS}{keys.dataset_name(upload['Key'])}/",
        )
        return any(item["LastModified"] >= upload["LastModified"] for item in staged)

    def _is_refused(self, upload: dict[str, Any]) -> bool:
        try:
            found = self._s3.get_object(Bucket=self._work, Key=keys.refusal(upload["Key"]))
        except ClientError as error:
            if code(error) == "NoSuchKey":
                return False
            raise
        return bool(json.loads(found["Body"].read())["upload"]["version_id"] == upload["VersionId"])

    def _planned(self) -> set[str]:
        """Versions of uploads that executions of the last ninety days were started for."""
        states = self._account.client("stepfunctions")
        planned = set()
        for machine in self._machines:
            for run in self._account.each(
                "stepfunctions", "list_executions", "executions", stateMachineArn=machine
            ):
                if "mapRunArn" not in run:
                    described = states.describe_execution(executionArn=run["executionArn"])
                    planned.add(json.loads(described["input"])["upload"]["version_id"])
        return planned


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make redrive", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    parser.add_argument(
        "--minutes", type=float, default=_MINUTES, help="leave out what is younger (default: 15)"
    )
    arguments = parser.parse_args(argv)
    now = datetime.datetime.now(datetime.UTC)
    try:
        account, count = Account(), 0
        redrive = Redrive(account, arguments.stack)
        print(f"The stack {arguments.stack} in account {account.number()}, {account.region}")
        for upload in redrive.unanswered(now - datetime.timedelta(minutes=arguments.minutes)):
            outcome = "unanswered" if arguments.dry_run else redrive.send_again(upload)
            print(f"{upload['Key']}: {outcome}")
            count += 1
    except (Unfinished, ClientError, BotoCoreError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print(f"{count} uploads without an answer")
    return 0


if __name__ == "__main__":
    sys.exit(main())
