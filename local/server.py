"""The runtime's server process: moto, extended, on loopback. `python -m local.server` is started by
`local.laptop.client`, never by hand.

It says when it is ready, and on which port, through a pipe. As long as its starter has not told it
to `detach`, it ends when the starter ends.
"""

from __future__ import annotations

import argparse
import fcntl
import http
import json
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from local.runtime.doorkeeper import Refusal, WsgiDoor
from local.runtime.private_files import UMASK
from local.runtime.reaper import Reaper
from local.runtime.runs import LOCK
from local.runtime.runtime import REGION, Runtime

# What moto serves beside AWS's services: its dashboard, its reset and its recorder for everyone who
# finds the port, and the credentials that an EC2 instance would be given.
CLOSED = ("moto_api", "moto_api._internal", "instance_metadata")
_BACKLOG = 128
_LOOK_SECONDS = 1.0  # how soon it is noticed that the scratch directory was deleted


def main() -> None:
    arguments = _arguments()
    os.umask(UMASK)  # of this process and of all that it starts
    listener, port = _listen(arguments.port)
    _keep_from_aws(port)
    state: Path = arguments.state
    state.mkdir(parents=True)
    lock = (state / LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    runtime = Runtime(port=port, state=state, root=arguments.root, reaper=Reaper())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_watch_starter, args=(stop,), daemon=True).start()
    try:
        server = _server(runtime, listener)
        threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
        with os.fdopen(arguments.ready, "w") as ready:
            json.dump({"port": port, "pid": os.getpid()}, ready)
        while not stop.wait(_LOOK_SECONDS):
            if not _is_there(state / LOCK, lock):
                break  # nobody could find this runtime any more to stop it
    finally:
        runtime.reaper.close()
        shutil.rmtree(state, ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        # worker threads may wait for answers that will not come; nothing is left to save
        os._exit(0 if stop.is_set() else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--ready", type=int, required=True, help="file descriptor to report on")
    return parser.parse_args()


def _listen(port: int) -> tuple[socket.socket, int]:
    """On loopback; returns the port too, which is any free one for 0."""
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except OSError as error:
        sys.exit(f"Port {port} of 127.0.0.1 cannot be used: {error.strerror}")
    return listener, listener.getsockname()[1]


def _keep_from_aws(port: int) -> None:
    """Before moto and boto3 are imported: nothing in this process may find its way to AWS."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        os.environ.pop(name, None)
    os.environ.update(
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - loopback only, checked by nobody
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        MOTO_PORT=str(port),
    )


def _watch_starter(stop: threading.Event) -> None:
    """End with the starter, whose end closes standard input, unless it lets go before."""
    if sys.stdin.readline().strip() != "detach":
        stop.set()


def _server(runtime: Runtime, listener: socket.socket) -> Any:
    from moto.server import DomainDispatcherApplication, MotoRequestHandler
    from werkzeug.serving import make_server

    from local.iam.guard import Guard
    from local.iam.usage import of_run

    configure()
    for install in installers():
        install(runtime)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    guarded = Guard(DomainDispatcherApplication(_application), of_run(runtime.state))
    return make_server(
        "127.0.0.1",
        runtime.port,
        WsgiDoor(guarded, runtime.port),
        threaded=True,
        request_handler=prompt_handler(MotoRequestHandler),
        fd=listener.fileno(),
    )


def configure() -> None:
    """moto's own settings: run state machines, know AWS's managed policies."""
    from moto.core.config import default_user_config

    default_user_config["stepfunctions"]["execute_state_machine"] = True
    default_user_config["iam"]["load_aws_managed_policies"] = True


def installers() -> list[Callable[[Runtime], None]]:
    """What the runtime adds to moto, in order. Imported late: it draws all of moto in."""
    from local.cloudformation import service as cloudformation
    from local.events import service as events
    from local.iam import credentials, moto_checks
    from local.lambdas import service as lambda_runtime
    from local.sagemaker.hosting import service as hosting
    from local.sagemaker.training import service as training
    from local.sagemaker.tuning import service as tuning
    from local.sns import limits as topics
    from local.sqs import pollers
    from local.stepfunctions import service as stepfunctions
    from local.storage import conditional_writes, tables
    from local.storage import limits as objects
    from local.validation import service as validation

    modules = (
        *(credentials, moto_checks, conditional_writes, cloudformation, lambda_runtime, pollers),
        *(tables, objects, topics, events, stepfunctions, training, tuning, hosting, validation),
    )
    return [module.install for module in modules]


def _application(service: str) -> Any:
    """What answers for one of moto's services."""
    from moto.server import create_backend_app

    if service in CLOSED:
        sentence = (
            f"Sonoflow's laptop runtime serves AWS's services, and {service} is none of them."
        )
        return Refusal(http.HTTPStatus.NOT_FOUND, sentence)
    return create_backend_app(service)


def prompt_handler(base: type[Any]) -> type[Any]:
    """moto's request handler without Nagle's algorithm, which would hold each small answer back
    for 40 ms."""
    return type("_PromptHandler", (base,), {"disable_nagle_algorithm": True})


def _is_there(path: Path, opened: IO[str]) -> bool:
    """Whether the path still leads to the file that was opened."""
    try:
        return os.path.samestat(path.stat(), os.fstat(opened.fileno()))
    except (FileNotFoundError, NotADirectoryError):
        return False


if __name__ == "__main__":
    main()
