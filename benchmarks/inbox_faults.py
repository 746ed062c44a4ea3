"""An inbox under faults: uploads, the events of S3, workers that answer, and what goes wrong.

The product's own code answers (`sonoflow.inference.inbox`) and sweeps (`sonoflow.sweeping`),
against moto's S3 and SQS with the laptop runtime's conditional writes, in one process. What is
played is the queue, so that every fault can be had by chance: an event that is lost, sent twice or
out of order; a worker that dies before any of its requests to S3; all workers at once, as when a
stack is restarted; an endpoint that throttles, fails or takes too long.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import io
import json
import random
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from moto import mock_aws
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from local.storage import conditional_writes
from sonoflow import keys
from sonoflow.aws import uploads
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference import inbox, invocations, standing
from sonoflow.settings import Buckets, Predicting

UPLOADS, WORK, RESULTS = "service-uploads", "service-work", "service-results"
PREDICTING = Predicting("service-classifier", "service-segmenter", "", 0.7)
BUCKETS = Buckets(WORK, RESULTS)
MODEL = {"name": "model", "version": "cd0007f2cf09-5e3a91c0"}


@dataclasses.dataclass(frozen=True)
class Chances:
    """Of each fault, per event, request or invocation."""

    lost: float = 0.02
    twice: float = 0.1
    worker_dies: float = 0.01  # before a request to S3
    all_die: float = 0.0005
    endpoint: float = 0.05  # throttles, fails, or says nothing, alike


class Died(BaseException):
    """What a killed function does no more."""


class Endpoints:
    """Both models, each after a delay in seconds, with faults where there are chances of any."""

    def __init__(self, chances: Chances | None, classifier: float, segmenter: float) -> None:
        self._chances, self._random = chances, random.Random(7)  # noqa: S311
        self._delays = {"service-classifier": classifier, "service-segmenter": segmenter}
        self.faults: collections.Counter[str] = collections.Counter()

    def answer(self, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        name = urllib.parse.unquote(params["url_path"]).split("/")[2]
        time.sleep(self._delays[name])
        if self._chances and self._random.random() < self._chances.endpoint:
            return self._fail(params["url"])
        body = bytes(params["body"])
        made = _label() if name == "service-classifier" else _mask(body)
        stream = StreamingBody(io.BytesIO(made), len(made))
        return AWSResponse(params["url"], 200, {}, None), {"Body": stream}

    def _fail(self, url: str) -> tuple[AWSResponse, dict[str, Any]]:
        kind = self._random.choice(("ThrottlingException", "ModelError", "timeout"))
        self.faults[kind] += 1
        if kind == "timeout":
            raise ReadTimeoutError(endpoint_url=url)
        return AWSResponse(url, 400, {}, None), {"Error": {"Code": kind, "Message": "by chance"}}


def _label() -> bytes:
    document = {"label": "benign", "probabilities": {"benign": 0.9, "normal": 0.1}, "model": MODEL}
    return json.dumps(document).encode()


def _mask(body: bytes) -> bytes:
    width, height = Image.open(io.BytesIO(body)).size
    pixels = np.full((height, width), 20, np.uint8)
    pixels[8:16, 8:24] = 200
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("sonoflow-model", json.dumps(MODEL))
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def picture(number: int) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (48, 64), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


@contextlib.contextmanager
def inbox_of(endpoints: Endpoints) -> Iterator[None]:
    """Buckets in memory, and those endpoints behind the real client."""
    with mock_aws():
        conditional_writes.install(cast(Any, None))
        for bucket in (UPLOADS, WORK, RESULTS):
            client("s3").create_bucket(Bucket=bucket)
            client("s3").put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        events, hook = client("sagemaker-runtime").meta.events, "before-call.sagemaker-runtime"
        pauses, invocations._PAUSES = invocations._PAUSES, (0.0, 0.01)
        events.register(hook, endpoints.answer)
        try:
            yield
        finally:
            events.unregister(hook, endpoints.answer)
            invocations._PAUSES = pauses


def put(key: str, body: bytes, sequencer: str) -> Upload:
    version = client("s3").put_object(Bucket=UPLOADS, Key=key, Body=body)["VersionId"]
    return Upload(UPLOADS, key, version, len(body), sequencer)


class Deliveries:
    """A queue that keeps a message until a worker has handled it, and hands messages out in any
    order; workers that die of chance, alone or all at once."""

    def __init__(self, chances: Chances, chance: random.Random) -> None:
        self._chances, self._random = chances, chance
        self._waiting: list[Upload] = []
        self._lock, self._busy, self._restarts = threading.Lock(), 0, 0
        self._started = threading.local()
        self.counts: collections.Counter[str] = collections.Counter()

    def add(self, upload: Upload) -> None:
        with self._lock:
            self._waiting.append(upload)

    def work(self, workers: int) -> None:
        """Until nothing is left."""
        events = client("s3").meta.events
        events.register("before-call.s3", self._may_die)
        threads = [threading.Thread(target=self._worker) for _ in range(workers)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            events.unregister("before-call.s3", self._may_die)

    def _worker(self) -> None:
        while True:
            with self._lock:
                if not self._waiting and not self._busy:
                    return
                upload = self._take() if self._waiting else None
            if upload is None:
                time.sleep(0.001)
                continue
            self._handle(upload)

    def _take(self) -> Upload:
        self._busy += 1
        return self._waiting.pop(self._random.randrange(len(self._waiting)))

    def _handle(self, upload: Upload) -> None:
        self._started.restarts = self._restarts
        outcome = "failed"
        try:
            outcome = inbox.handle(upload, BUCKETS, PREDICTING).kind
        except Died:
            outcome = "died"
        except Exception as error:
            outcome = f"failed: {type(error).__name__}"
        finally:
            self._started.restarts = None
            with self._lock:
                self._busy -= 1
                self.counts[outcome] += 1
                if outcome.startswith(("failed", "died")):
                    self._waiting.append(upload)

    def _may_die(self, **_: Any) -> None:
        began = getattr(self._started, "restarts", None)
        if began is None:  # no worker's request
            return
        with self._lock:
            if self._random.random() < self._chances.all_die:
                self._restarts += 1
                self.counts["restarts"] += 1
            dies = self._random.random() < self._chances.worker_dies
        if dies or began != self._restarts:
            raise Died


def wrong(key: str) -> str | None:
    """What is wrong with what is there of a key, by the newest version of it."""
    path = keys.inbox_path(key)
    prediction, rejection, *pictures = keys.inbox_answers(path)
    found = {each: standing.find(RESULTS, each) for each in (prediction, rejection, *pictures)}
    there = {each: item for each, item in found.items() if item is not None}
    whole = there.keys() in ({prediction, *pictures}, {rejection})
    stamps = {item.stamp for item in there.values()}
    if there and not (whole and len(stamps) == 1):
        return "parts of several answers, or of none"
    newest = uploads.state(Upload(UPLOADS, key, None, 0))
    if newest is not uploads.State.PRESENT:
        return None  # what was answered before stays; nothing else is there, as was seen above
    if not there:
        return "lost"
    version = client("s3").head_object(Bucket=UPLOADS, Key=key)["VersionId"]
    return None if stamps.pop().version_id == version else "of an earlier version"
