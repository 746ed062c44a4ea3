"""The model server, an ASGI application. By hand:

    SM_MODEL_DIR=out/classifier python -m uvicorn --app-dir model_code serve:app --port 8080
    curl --data-binary @scan.png -H 'Content-Type: image/png' localhost:8080/invocations

GET /ping answers 200 once the model is loaded. POST /invocations (and POST /, where SageMaker's
Ray Serve adapter sends requests) takes the bytes of one PNG, JPEG, BMP or TIFF image:

    classifier -> application/json  {"label", "probabilities": {class: p}, "model": {...}}, and
                  "triage": {"threshold"}, the probability from which its label needs no person
                  (null: none is enough), and "unlike_training_data", whether the image is unlike
                  those of the training, where model.json has them
    segmenter  -> image/png, 8-bit grey, of the source's size: lesion probability, 128 = threshold;
                  the text chunk "sonoflow-model" holds the same "model"

400 what is no readable image, 413 what is too large, 415 another content type; the body is
{"error": sentence}. Settings: SM_MODEL_DIR (default /opt/ml/model), SONOFLOW_TORCH_THREADS
(default: as many as there are processors).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sonomodel.errors import ImageUnreadable
from sonomodel.images.preprocessing import decode_grey
from sonomodel.model.predictor import Classifier, Segmenter, load_predictor

IMAGE_TYPES = {
    *("image/png", "image/jpeg", "image/jpg", "image/bmp", "image/x-ms-bmp", "image/tiff"),
    *("application/octet-stream", ""),  # what they hold shows when they are decoded
}
MAXIMUM_BODY = 32 * 2**20  # bytes; SageMaker's own limits are below
MODEL_CHUNK = "sonoflow-model"


def create_app(model_dir: Path) -> Starlette:
    @contextlib.asynccontextmanager
    async def load_model(app: Starlette) -> AsyncIterator[None]:
        torch.set_num_threads(thread_count())
        app.state.predictor = load_predictor(model_dir)
        # One image at a time: torch spreads each over the threads it has.
        app.state.limiter = anyio.CapacityLimiter(1)
        yield

    routes = [
        Route("/ping", ping, methods=["GET"]),
        Route("/invocations", invoke, methods=["POST"]),
        Route("/", invoke, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=load_model)


def thread_count() -> int:
    """One image is computed at a time, so it gets every processor that this process may use.

    Left to itself torch would do what OMP_NUM_THREADS says, and Ray sets that to 1 in a replica,
    for which its scheduler reserves one processor, whatever the instance has:
    https://docs.ray.io/en/latest/serve/resource-allocation.html
    """
    if given := os.environ.get("SONOFLOW_TORCH_THREADS"):
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS


async def ping(request: Request) -> Response:
    identity = request.app.state.predictor.card.identity()
    return JSONResponse({"status": "ready", "model": identity, "threads": torch.get_num_threads()})


async def invoke(request: Request) -> Response:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in IMAGE_TYPES:
        return error(415, f"the content type {content_type!r} is not that of an image")
    body = await read_body(request)
    if body is None:
        return error(413, f"the image is larger than {MAXIMUM_BODY} bytes")
    state = request.app.state
    try:
        return await anyio.to_thread.run_sync(answer, state.predictor, body, limiter=state.limiter)
    except ImageUnreadable as unreadable:
        return error(400, str(unreadable))


async def read_body(request: Request) -> bytes | None:
    """The request's body; None as soon as it turns out to be too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY:
            return None
    return bytes(body)


def answer(predictor: Classifier | Segmenter, body: bytes) -> Response:
    image = decode_grey(body)
    identity = predictor.card.identity()
    if isinstance(predictor, Classifier):
        found = predictor.answer(image)
        answered: dict[str, Any] = {"label": found.label, "probabilities": found.probabilities}
        answered["model"] = identity
        if found.unlike_training is not None:
            answered["unlike_training_data"] = found.unlike_training
        if predictor.card.triage is not None:
            answered["triage"] = {"threshold": predictor.card.triage["threshold"]}
        return JSONResponse(answered)
    chunks = PngInfo()
    chunks.add_text(MODEL_CHUNK, json.dumps(identity))
    encoded = io.BytesIO()
    Image.fromarray(predictor.lesion_map(image)).save(encoded, "PNG", pnginfo=chunks)
    return Response(encoded.getvalue(), media_type="image/png")


def error(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status_code=status)


app = create_app(Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")))
