"""One Lambda execution environment: an `awslambdaric` process, AWS's own runtime client.

The process sees what a function sees on AWS (environment, role credentials, working directory)
and nothing else of this machine's environment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from local.iam.credentials import role_credentials
from local.iam.role_clients import client_of_role
from local.lambdas.api import Ending, Invocation, RuntimeApi
from local.lambdas.function import Function, packages, unpack
from local.lambdas.limits import RESPONSE_BYTES
from local.lambdas.output import Output
from local.lambdas.report import Report
from local.lambdas.usage import Usage
from local.runtime.logs import LogStream
from local.runtime.runtime import Runtime

_INIT_SECONDS = 10.0  # AWS's limit for the init phase; the function's timeout if that is longer
_WATCH_SECONDS = 0.05  # how often a running worker's memory and /tmp are looked at


@dataclasses.dataclass(frozen=True)
class Result:
    """What an invocation came to. `failed` is X-Amz-Function-Error."""

    payload: bytes
    failed: bool
    log_tail: bytes


class Worker:
    """Serves one invocation at a time. Not to be used again once `dead`."""

    def __init__(self, runtime: Runtime, function: Function) -> None:
        self.function = function
        self.dead = False
        self.idle_since = time.monotonic()
        self._runtime = runtime
        stream = f"{time.strftime('%Y/%m/%d')}/[{function.version}]{uuid.uuid4().hex}"
        scratch = runtime.state / "lambda"
        with contextlib.ExitStack() as undo:  # of one that does not start, nothing is left
            self._api = RuntimeApi()
            undo.callback(self._api.close)
            scratch.mkdir(parents=True, exist_ok=True)
            self._tmp = Path(tempfile.mkdtemp(prefix="tmp-", dir=scratch))
            undo.callback(shutil.rmtree, self._tmp, ignore_errors=True)
            task_root = unpack(function, scratch / "code")
            path = [task_root, *packages(task_root, scratch / "packages")]
            self._started = time.monotonic()
            self._process = runtime.reaper.start(
                # without this virtual environment's own packages
                [sys.executable, "-S", "-m", "awslambdaric", function.handler],
                cwd=task_root,
                env=self._environment(path, stream),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            undo.callback(runtime.reaper.kill, self._process)
            logs = client_of_role(
                runtime, "logs", function.role, function.name, "lambda.amazonaws.com"
            )
            self._output = Output(self._process, LogStream(logs, function.log_group, stream))
            undo.pop_all()
        self._report = Report(function, self._output)
        self._usage = Usage(self._process.pid, self._tmp)
        self._cold = True

    def invoke(self, payload: bytes) -> Result:
        """Run the handler once, within the function's timeout and memory."""
        self._output.begin()
        cold, self._cold = self._cold, False
        failure = self._initialise() if cold else None
        init_ms = (time.monotonic() - self._started) * 1000 if cold else None
        request_id, begun = str(uuid.uuid4()), time.time()
        self._report.start(request_id)
        if failure is None:
            deadline = begun + self.function.timeout
            self._api.invocations.put(
                Invocation(request_id, payload, self.function.arn, deadline, _trace(begun))
            )
            failure = self._await(request_id, begun, deadline)
        failure = self._excess() or failure  # or what it had at most when nobody looked
        body, failed = self._judge(failure, request_id)
        memory = min(self._usage.peak() // 2**20, self.function.memory_mb)
        if failure.kind not in ("response", "error"):
            self.kill()
        self._output.drain()
        self._report.end(request_id, failure, (time.time() - begun) * 1000, init_ms, memory)
        self.idle_since = time.monotonic()
        return Result(body, failed, self._output.tail())

    def kill(self) -> None:
        """End the process and what belongs to it."""
        self.dead = True
        self._runtime.reaper.kill(self._process)
        self._api.close()
        self._output.close()
        shutil.rmtree(self._tmp, ignore_errors=True)

    def _initialise(self) -> Ending | None:
        limit = self._started + max(_INIT_SECONDS, self.function.timeout)
        while not self._api.ready.wait(_WATCH_SECONDS):
            if excess := self._excess():
                return excess
            if self._process.poll() is not None or time.monotonic() > limit:
                break
        if self._api.ready.is_set():
            return None
        try:
            return self._api.outcomes.get_nowait()
        except queue.Empty:
            if self._process.poll() is not None:
                return Ending("exit", _ending(self._process.returncode))
            return Ending("timeout", b"", seconds=limit - self._started)

    def _await(self, request_id: str, begun: float, deadline: float) -> Ending:
        while True:
            try:
                outcome = self._api.outcomes.get(timeout=_WATCH_SECONDS)
            except queue.Empty:
                ended = self._process.poll()
                if ended is not None and self._api.outcomes.empty():
                    return Ending("exit", _ending(ended))
                if time.time() > deadline:
                    return Ending("timeout", b"", seconds=deadline - begun)
                if excess := self._excess():
                    return excess
                continue
            if outcome.kind == "init-error" or outcome.request_id == request_id:
                return outcome

    def _excess(self) -> Ending | None:
        """On AWS the kernel ends what takes more memory than there is, and a write to a full /tmp
        fails; here both are found out when the next look shows it."""
        self._usage.memory()
        if self._usage.peak() > self.function.memory_mb * 2**20:
            return Ending("memory", b"signal: killed")
        if self._usage.storage() > self.function.storage_mb * 2**20:
            return Ending("storage", b"[Errno 28] No space left on device")
        return None

    def _judge(self, outcome: Ending, request_id: str) -> tuple[bytes, bool]:
        """Response payload and whether it is an error, in AWS's shapes."""
        if outcome.kind == "response":
            if len(outcome.body) <= RESPONSE_BYTES:
                return outcome.body, False
            message = (
                "Response payload size exceeded maximum allowed payload size "
                f"({RESPONSE_BYTES} bytes)."
            )
            return _error("Function.ResponseSizeTooLarge", message), True
        if outcome.kind in ("error", "init-error"):
            return outcome.body, True
        if outcome.kind == "timeout":
            message = f"Task timed out after {outcome.seconds:.2f} seconds"
            return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}"), True
        if outcome.kind == "storage":
            return _error("OSError", outcome.body.decode()), True
        message = f"Runtime exited with error: {outcome.body.decode()}"
        kind = "Runtime.OutOfMemory" if outcome.kind == "memory" else "Runtime.ExitError"
        return _error(kind, f"RequestId: {request_id} Error: {message}"), True

    def _environment(self, path: list[Path], stream: str) -> dict[str, str]:
        function, runtime, task_root = self.function, self._runtime, str(path[0])
        role = role_credentials(function.role, function.name, "lambda.amazonaws.com", function.arn)
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(self._tmp),
            "TMPDIR": str(self._tmp),
            "LAMBDA_TASK_ROOT": task_root,
            "LAMBDA_RUNTIME_DIR": str(path[-1]),
            "_HANDLER": function.handler,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_LOG_FORMAT": function.log_format,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_REGION": runtime.region,
            "AWS_DEFAULT_REGION": runtime.region,
            "AWS_ACCESS_KEY_ID": role.access_key,
            "AWS_SECRET_ACCESS_KEY": role.secret_key,
            "AWS_SESSION_TOKEN": role.session_token,
            "AWS_ENDPOINT_URL": runtime.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",  # nobody listens; never off loopback
            **dict(function.environment),
        }


def _trace(moment: float) -> str:
    root = f"1-{int(moment):08x}-{uuid.uuid4().hex[:24]}"
    return f"Root={root};Parent={uuid.uuid4().hex[:16]};Sampled=0"


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _ending(status: int) -> bytes:
    """As Go's os/exec, which Lambda's is written with, puts it."""
    if status >= 0:
        return f"exit status {status}".encode()
    return f"signal: {(signal.strsignal(-status) or str(-status)).lower()}".encode()
