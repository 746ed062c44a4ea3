"""The laptop runtime's Step Functions and SageMaker in this process, with nothing deployed."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from benchmarks.held_requests import HeldRequests
from local.iam import moto_checks
from local.iam.guard import Guard
from local.iam.usage import of_run
from local.runtime.reaper import Reaper
from local.runtime.runtime import Runtime
from local.sagemaker.hosting import service as hosting
from local.sagemaker.training import service
from local.sagemaker.tuning import service as tuning
from local.stepfunctions import service as stepfunctions
from local.storage import tables
from local.validation import service as validation

ROOT = Path(__file__).resolve().parents[1]
_TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": ["states.amazonaws.com", "sagemaker.amazonaws.com"]},
    "Action": "sts:AssumeRole",
}
_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def unbounded_role(runtime: Runtime, name: str) -> str:
    """The ARN of a new role of state machines and SageMaker's jobs that may do everything."""
    iam = runtime.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [_TRUST]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [_EVERYTHING]})
    iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=policy)
    return str(role["Role"]["Arn"])


@contextlib.contextmanager
def running(state: Path) -> Iterator[tuple[Runtime, HeldRequests]]:
    """The runtime on a port of its own, and the requests on their way to it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    requests = HeldRequests(Guard(application, of_run(state)))
    server = make_server("127.0.0.1", 0, requests, threaded=True)
    reaper = Reaper()
    runtime = Runtime(port=server.server_port, state=state, root=ROOT, reaper=reaper)
    for module in (moto_checks, validation, tables, stepfunctions, service, tuning, hosting):
        module.install(runtime)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield runtime, requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        reaper.close()
