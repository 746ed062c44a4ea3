"""SageMaker endpoints for tests: answers below the real client."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sagemaker.models import FakeEndpoint, sagemaker_backends
from PIL import Image
from PIL.PngImagePlugin import PngInfo

CLASSIFIER, SEGMENTER, TABLE = "sonoflow-classifier", "sonoflow-segmenter", "sonoflow-table"
VERSION = "cd0007f2cf09-5e3a91c0"
PROBABILITIES = {"benign": 0.9, "malignant": 0.06, "normal": 0.04}


@dataclasses.dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str
    status: int = 200
    error: str = ""


class FakeEndpoints:
    """Answers InvokeEndpoint by a function of the body for every endpoint's name, and, where it is
    asked to, DescribeEndpoint."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []  # endpoint, content type, body
        self.answers: dict[str, Callable[[bytes], Answer]] = {
            CLASSIFIER: lambda _: classification(PROBABILITIES),
            SEGMENTER: lambda body: segmentation(body, (10, 10, 30, 20)),
        }
        self.described: dict[str, dict[str, Any]] = {}  # endpoint: what DescribeEndpoint says

    @contextlib.contextmanager
    def behind(self, client: Any) -> Iterator[None]:
        """Through the hook that botocore's own Stubber uses: the real client still checks and
        composes the request, and makes exceptions of errors."""
        hook = "before-call.sagemaker-runtime.InvokeEndpoint"
        client.meta.events.register(hook, self._answer)
        try:
            yield
        finally:
            client.meta.events.unregister(hook, self._answer)

    @contextlib.contextmanager
    def describing(self, client: Any) -> Iterator[None]:
        """The same for DescribeEndpoint, which only the client of SageMaker itself has."""
        hook = "before-call.sagemaker.DescribeEndpoint"
        client.meta.events.register(hook, self._describe)
        try:
            yield
        finally:
            client.meta.events.unregister(hook, self._describe)

    def _describe(self, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        name = json.loads(params["body"])["EndpointName"]
        if name in self.described:
            document = {"EndpointName": name, "EndpointStatus": "InService"}
            return AWSResponse(params["url"], 200, {}, None), document | self.described[name]
        message = f'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:{name}".'
        error = {"Error": {"Code": "ValidationException", "Message": message}}
        return AWSResponse(params["url"], 400, {}, None), error

    def _answer(self, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        name = urllib.parse.unquote(params["url_path"]).split("/")[2]
        body = bytes(params["body"])
        self.requests.append((name, params["headers"]["Content-Type"], body))
        answer = self.answers.get(name, missing)(body)
        response = AWSResponse(params["url"], answer.status, {}, None)
        if answer.error:
            message = json.loads(answer.body)["Message"]
            return response, {"Error": {"Code": answer.error, "Message": message}}
        stream = StreamingBody(io.BytesIO(answer.body), len(answer.body))
        return response, {"Body": stream, "ContentType": answer.content_type}


def missing(_: bytes) -> Answer:
    body = json.dumps({"Message": "Endpoint not found."}).encode()
    return Answer(body, "application/json", 400, "ValidationError")


def failing(_: bytes) -> Answer:
    body = json.dumps({"Message": "the model failed", "OriginalStatusCode": 500}).encode()
    return Answer(body, "application/json", 424, "ModelError")


def model(task: str, version: str = VERSION) -> dict[str, str]:
    name = "classifier" if task == "classification" else "segmenter"
    return {
        "name": name,
        "version": version,
        "task": task,
        "architecture": "resnet18",
        "dataset_version": "cd0007f2cf09",
    }


def classification(
    probabilities: dict[str, float], label: str | None = None, version: str = VERSION
) -> Answer:
    label = label or max(probabilities, key=lambda name: probabilities[name])
    document = {
        "label": label,
        "probabilities": probabilities,
        "model": model("classification", version),
    }
    return Answer(json.dumps(document).encode(), "application/json")


def segmentation(body: bytes, *boxes: tuple[int, int, int, int], version: str = VERSION) -> Answer:
    """Lesions at boxes (left, top, right, bottom) of an image of the request's size."""
    width, height = Image.open(io.BytesIO(body)).size
    probabilities = np.full((height, width), 20, dtype=np.uint8)
    for left, top, right, bottom in boxes:
        probabilities[top:bottom, left:right] = 200
    info = PngInfo()
    info.add_text("sonoflow-model", json.dumps(model("segmentation", version)))
    buffer = io.BytesIO()
    Image.fromarray(probabilities).save(buffer, format="PNG", pnginfo=info)
    return Answer(buffer.getvalue(), "image/png")


def linear_scores(body: bytes) -> Answer:
    """As a binary classifier of Linear Learner whose score is a hundredth of the first feature."""
    # Imported here: images must be seen to be predicted without the table side (test_inbox).
    from sonoflow.tables import recordio

    vectors = recordio.read(body).vectors
    return predictions(
        {"score": value / 100, "predicted_label": int(value >= 50)}
        for value in vectors[:, 0].tolist()
    )


def predictions(items: Iterable[dict[str, Any]]) -> Answer:
    return Answer(json.dumps({"predictions": list(items)}).encode(), "application/json")


def in_service(name: str, config: str) -> None:
    """An endpoint of that configuration. Not by CreateEndpoint: where another test has put the
    laptop runtime into this process, that would start a model."""
    backend = sagemaker_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    known = backend.endpoint_configs[config].response_object
    backend.endpoints[name] = FakeEndpoint(
        account_id=DEFAULT_ACCOUNT_ID,
        region_name="us-east-1",
        endpoint_name=name,
        endpoint_config_name=config,
        production_variants=known["ProductionVariants"],
        data_capture_config=known["DataCaptureConfig"],
        tags=[],
    )
