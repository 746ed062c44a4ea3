"""The process of a training job: its output becomes log events and metrics while it runs."""

from __future__ import annotations

import datetime
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from local.runtime.logs import LogStream
from local.runtime.runtime import Runtime
from local.sagemaker.container_layout import Layout
from local.sagemaker.training.script_failure import ErrorExcerpt

STOP_GRACE_SECONDS = 120.0
_POLL_SECONDS = 0.1


class Program(Protocol):
    """What a container runs in training: a script, or an algorithm of its own."""

    @property
    def layout(self) -> Layout: ...
    @property
    def opening(self) -> str:
        """The first line of the log."""
        ...

    @property
    def working_directory(self) -> Path: ...
    def command(self) -> list[str]: ...
    def failure_text(self, exit_code: int, excerpts: Sequence[ErrorExcerpt]) -> str: ...


class Metrics:
    """The last value of each of a job's MetricDefinitions."""

    def __init__(self, definitions: Sequence[Mapping[str, str]]) -> None:
        self._patterns = [(item["Name"], re.compile(item["Regex"])) for item in definitions]
        self._values: dict[str, dict[str, Any]] = {}

    def read(self, line: str) -> bool:
        """Whether the line held a metric."""
        found = False
        for name, pattern in self._patterns:
            match = pattern.search(line)
            try:
                value = float(match.group(1)) if match else None
            except (ValueError, IndexError):
                continue
            if value is not None:
                now = datetime.datetime.now(datetime.UTC)
                self._values[name] = {"MetricName": name, "Value": value, "Timestamp": now}
                found = True
        return found

    def final(self) -> list[dict[str, Any]]:
        return list(self._values.values())


class TrainingProcess:
    """Runs a program once. `run` blocks; `stop` may be called from any thread, before it or during.

    `on_metric` is called with all final values after each line that holds one.
    """

    def __init__(
        self,
        runtime: Runtime,
        program: Program,
        log: LogStream,
        metrics: Metrics,
        on_metric: Callable[[list[dict[str, Any]]], None],
    ) -> None:
        self._runtime, self._program, self._log = runtime, program, log
        self._metrics, self._on_metric = metrics, on_metric
        self._lock = threading.Lock()
        self._stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def stopped(self) -> bool:
        return self._stopped

    def stop(self, grace: float = STOP_GRACE_SECONDS) -> None:
        """SIGTERM, and SIGKILL two minutes later. Does nothing to a process that has ended."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None and process.returncode is None:
            threading.Thread(
                target=self._runtime.reaper.kill,
                args=(process,),
                kwargs={"grace": grace},
                daemon=True,
            ).start()

    def run(self, environment: Mapping[str, str], seconds: float) -> tuple[int | None, bool]:
        """Exit code (None if stopped before it began) and whether `seconds` ran out.

        A program that fails by itself leaves `output/failure`.
        """
        self._log.write(self._program.opening)
        with self._lock:
            if self._stopped:
                return None, False
            process = self._process = self._runtime.reaper.start(
                self._program.command(),
                cwd=self._program.working_directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        excerpts = [ErrorExcerpt(), ErrorExcerpt()]
        readers = [
            threading.Thread(target=self._read, args=(stream, excerpt), daemon=True)
            for stream, excerpt in zip((process.stdout, process.stderr), excerpts, strict=True)
        ]
        for reader in readers:
            reader.start()
        timed_out = self._await(process, seconds)
        for reader in readers:
            reader.join()
        if process.returncode and not self._stopped:
            self._report(process.returncode, excerpts)
        return process.returncode, timed_out

    def _await(self, process: subprocess.Popen[bytes], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        timed_out = False
        while process.poll() is None:
            if time.monotonic() > deadline and not self._stopped:
                timed_out = True
                self.stop()
            time.sleep(_POLL_SECONDS)
        return timed_out

    def _read(self, stream: IO[bytes], excerpt: ErrorExcerpt) -> None:
        with stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                self._log.write(line)
                excerpt.add(line)
                if self._metrics.read(line):
                    self._on_metric(self._metrics.final())

    def _report(self, exit_code: int, excerpts: Sequence[ErrorExcerpt]) -> None:
        failure = self._program.layout.output / "failure"
        if not failure.exists():  # the program may have left its own
            failure.write_text(self._program.failure_text(exit_code, excerpts))
        self._log.write(failure.read_text(errors="replace"))
