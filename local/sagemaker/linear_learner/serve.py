"""The endpoint's process: an ASGI application that answers /ping and /invocations.

The model's directory is in SM_MODEL_DIR. Nothing here imports torch, so that it is up at once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.sagemaker.linear_learner import answers, payloads
from local.sagemaker.linear_learner.errors import PayloadError
from local.sagemaker.linear_learner.model import Model

MODEL_DIRECTORY = "SM_MODEL_DIR"


@contextlib.asynccontextmanager
async def _load(application: Starlette) -> AsyncIterator[None]:
    application.state.model = Model.load(Path(os.environ[MODEL_DIRECTORY]))
    yield


async def ping(request: Request) -> Response:
    return Response(status_code=200)


async def invocations(request: Request) -> Response:
    body = await request.body()
    try:
        # In a thread: a ping must not wait for a large request.
        content, content_type = await run_in_threadpool(
            answer,
            request.app.state.model,
            body,
            request.headers.get("content-type", ""),
            request.headers.get("accept", ""),
        )
    except PayloadError as error:
        return PlainTextResponse(str(error), error.status)
    return Response(content, media_type=content_type)


def answer(model: Model, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
    """Body and content type of the response. Raises PayloadError."""
    wanted = answers.content_type_of(accept)
    vectors = payloads.decode(body, content_type, model.features)
    return answers.encode(model.predict(vectors), wanted), wanted


application = Starlette(
    routes=[
        Route("/ping", ping, methods=["GET"]),
        Route("/invocations", invocations, methods=["POST"]),
    ],
    lifespan=_load,
)
