"""A reviewer's verdict on an answer, given from the command line; and what verdicts are for."""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from local.laptop import uploads
from local.laptop.client import Laptop
from local.laptop.waiting import looks
from local.runtime.failures import Failure
from sonoflow import keys
from sonoflow.feedback import naming
from sonoflow.feedback.verdicts import AS_PREDICTED

_SECONDS = 120.0


class FeedbackFailed(Failure):
    """A verdict was not given, or refused; says why."""


def describe_verdict(judge: argparse.ArgumentParser) -> None:
    """The options of `feedback`."""
    judge.add_argument("image", metavar="PATH", help="of the image below inbox/")
    what = judge.add_mutually_exclusive_group(required=True)
    what.add_argument("--label", help="what the image shows, one of the model's classes")
    what.add_argument(
        "--withdraw", action="store_true", help="what was said before no longer holds"
    )
    lesion = judge.add_mutually_exclusive_group()
    lesion.add_argument("--mask", type=Path, metavar="FILE.png", help="where the lesion is")
    lesion.add_argument("--accept-mask", action="store_true", help="the answer's own is right")


def describe_collecting(gather: argparse.ArgumentParser) -> None:
    """The options of `collect`."""
    gather.add_argument("dataset", metavar="NAME", help="the data set that goes on")
    gather.add_argument("--minimum", type=int, metavar="N", help="judged images that are enough")


def verdict(label: str | None, mask: Path | None, accept_mask: bool) -> dict[str, Any]:
    """The document of a verdict; without label it withdraws what was said."""
    if label is None:
        return {"withdraw": True}
    if accept_mask:
        return {"label": label, "mask": AS_PREDICTED}
    if mask is None:
        return {"label": label}
    if not mask.is_file():
        raise FeedbackFailed(f"{mask} is not a file")
    return {"label": label, "mask": base64.b64encode(mask.read_bytes()).decode()}


def give(laptop: Laptop, arguments: argparse.Namespace, console: Console) -> int:
    """Drops a verdict and waits for its reply; the exit status."""
    document = verdict(arguments.label, arguments.mask, arguments.accept_mask)
    path = str(arguments.image).removeprefix(keys.INBOX)
    key = f"{keys.FEEDBACK}{path}{naming.SUFFIX}"
    answer = laptop.client("s3").put_object(
        Bucket=laptop.outputs["UploadsBucketName"], Key=key, Body=json.dumps(document).encode()
    )
    reply = _await(laptop, key, answer["VersionId"], console)
    if reply["status"] == "refused":
        console.print(Text(f"refused: {reply['reason']}: {reply['detail']}", "red"), soft_wrap=True)
        return 1
    said = f": {reply['label']}, predicted {reply['predicted']}" if "label" in reply else ""
    console.print(Text(f"{reply['status']}{said}", "green"), soft_wrap=True)
    return 0


def _await(laptop: Laptop, key: str, version: str, console: Console) -> dict[str, Any]:
    bucket, place = laptop.outputs["ResultsBucketName"], naming.reply(key)

    def say(line: str) -> None:
        console.print(Text(line, "dim"), soft_wrap=True)

    for _ in looks("the reply", laptop.state, _SECONDS, say):
        found = uploads.find_json(laptop, bucket, place)
        if found and found["verdict"]["version_id"] == version:
            return dict(found)
    raise FeedbackFailed(f"no reply to {key} within {_SECONDS:.0f} seconds")


def collect(laptop: Laptop, arguments: argparse.Namespace, console: Console) -> int:
    """Makes the next version of a data set from what was judged; the exit status."""
    payload: dict[str, Any] = {"dataset": arguments.dataset}
    if arguments.minimum is not None:
        payload["minimum"] = arguments.minimum
    answer = laptop.client("lambda").invoke(
        FunctionName=laptop.outputs["CollectFeedbackFunctionName"],
        Payload=json.dumps(payload).encode(),
    )
    found = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise FeedbackFailed(found["errorMessage"])
    console.print(Text(_sentence(found)), soft_wrap=True)
    return 0


def _sentence(found: dict[str, Any]) -> str:
    aside = ", ".join(f"{number} {reason}" for reason, number in found["set_aside"].items())
    told = f"{found['judged']} judged images" + (f" (set aside: {aside})" if aside else "")
    if found["status"] == "waiting":
        return f"{told}: {found['minimum']} are needed (--minimum N asks for fewer)"
    if found["status"] == "unchanged":
        return f"{told}: the same as in {found['key']}, nothing was done"
    run = f"{found['dataset']['name']}/{found['dataset']['version']}"
    return f"{told}: uploaded as {found['key']}, which goes on from {run}; its run has begun"
