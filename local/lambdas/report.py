"""The platform's own log lines around an invocation: INIT_START, START, END, REPORT.

As text, or as JSON events where the function's LoggingConfig asks for JSON.
"""

from __future__ import annotations

import datetime
import json
import platform
from typing import Any

from local.lambdas.api import Ending
from local.lambdas.function import Function
from local.lambdas.output import Output

_ERROR_TYPES = {"exit": "Runtime.ExitError", "memory": "Runtime.OutOfMemory"}


class Report:
    """Writes the platform's lines of one worker."""

    def __init__(self, function: Function, output: Output) -> None:
        self._function, self._output = function, output
        self._json = function.log_format == "JSON"
        version = f"python:{platform.python_version()} (for {function.runtime})"
        if self._json:
            self._event("platform.initStart", {"runtimeVersion": version})
        else:
            output.write(f"INIT_START Runtime Version: {version}")

    def start(self, request_id: str) -> None:
        version = self._function.version
        if self._json:
            self._event("platform.start", {"requestId": request_id, "version": version})
        else:
            self._output.write(f"START RequestId: {request_id} Version: {version}")

    def end(
        self,
        request_id: str,
        outcome: Ending,
        duration_ms: float,
        init_ms: float | None,
        memory_mb: int,
    ) -> None:
        if self._json:
            return self._json_report(request_id, outcome, duration_ms, init_ms, memory_mb)
        if outcome.kind == "timeout":
            self._output.write(
                f"{_now()} {request_id} Task timed out after {outcome.seconds:.2f} seconds"
            )
        elif outcome.kind in ("exit", "memory"):
            self._output.write(
                f"RequestId: {request_id} Error: Runtime exited with error: {outcome.body.decode()}"
            )
        self._output.write(f"END RequestId: {request_id}")
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {int(duration_ms + (init_ms or 0)) + 1} ms",
            f"Memory Size: {self._function.memory_mb} MB",
            f"Max Memory Used: {memory_mb} MB",
        ]
        if init_ms is not None:
            parts.append(f"Init Duration: {init_ms:.2f} ms")
        if outcome.kind == "timeout":
            parts.append("Status: timeout")
        elif outcome.kind in _ERROR_TYPES:
            parts += ["Status: error", f"Error Type: {_ERROR_TYPES[outcome.kind]}"]
        self._output.write("\t".join(parts))

    def _json_report(
        self,
        request_id: str,
        outcome: Ending,
        duration_ms: float,
        init_ms: float | None,
        memory_mb: int,
    ) -> None:
        metrics = {
            "durationMs": round(duration_ms, 3),
            "billedDurationMs": int(duration_ms + (init_ms or 0)) + 1,
            "memorySizeMB": self._function.memory_mb,
            "maxMemoryUsedMB": memory_mb,
        }
        if init_ms is not None:
            metrics["initDurationMs"] = round(init_ms, 3)
        status = {"response": "success", "timeout": "timeout", "exit": "failure"}
        record = {
            "requestId": request_id,
            "metrics": metrics,
            "status": status.get(outcome.kind, "error"),
        }
        if outcome.kind in _ERROR_TYPES:
            record["errorType"] = _ERROR_TYPES[outcome.kind]
        self._event("platform.report", record)

    def _event(self, kind: str, record: dict[str, Any]) -> None:
        self._output.write(json.dumps({"time": _now(), "type": kind, "record": record}))


def _now() -> str:
    moment = datetime.datetime.now(datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
