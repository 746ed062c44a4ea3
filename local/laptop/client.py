"""A laptop runtime from outside: start one with a stack in it, attach to one, use it, stop it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from local.laptop.deploy import BUILD, deploy
from local.laptop.launch import Launch
from local.runtime.failures import Failure
from local.runtime.private_files import RUNS, open_private, private_folder, state_folder
from local.runtime.runs import lock_is_held, remove_dead_runs
from local.runtime.runtime import REGION, STACK, open_client

RECORD = "runtime.json"
LOG = "runtime.log"
_STOP_SECONDS = 15.0
_HEALTH_SECONDS = 10.0
_NO_PARAMETERS: Mapping[str, str] = {}


class StartFailed(Failure):
    """The server did not come up; the message holds its last words."""


class NotRunning(Failure):
    """There is no runtime to attach to."""


class Laptop:
    """One running laptop runtime.

    >>> with Laptop.start(root, state, template=root / "template.yaml") as laptop:
    ...     laptop.client("s3").upload_file("scan.png", laptop.outputs["UploadsBucketName"], key)
    """

    def __init__(self, state: Path, port: int, pid: int, process: _Server | None = None) -> None:
        self.state = state
        self.pid = pid
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self.region = REGION
        self.outputs: dict[str, str] = {}
        self.launched: dict[str, Any] = {}  # template and parameters, as Launch records them
        self._process = process
        self._clients: dict[str, Any] = {}

    @classmethod
    def start(
        cls,
        root: Path,
        state: Path,
        *,
        template: Path | None = None,
        port: int = 0,
        parameters: Mapping[str, str] = _NO_PARAMETERS,
        stack: str = STACK,
        report: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Start a server, deploy into it and write runtime.json.

        `root` is the repository, `state` the directory for scratch, logs and runtime.json. Without
        a `template` it is the product's, with the laptop's parameters below the given ones. The
        server ends with this process unless `detach` is called. Raises NotPrivate, StartFailed,
        TemplateError, PackagingError or DeploymentFailed, with nothing left running.
        """
        launch = Launch.of(root, template, parameters)
        server = _Server(root, state, port)
        laptop = cls(state, server.port, server.pid, server)
        laptop.launched = launch.record()
        try:
            report(f"runtime at {laptop.endpoint_url}")
            laptop.outputs = deploy(laptop.client, root, state, launch, stack, report)
            laptop._write_record()
        except BaseException:
            laptop.stop()
            raise
        return laptop

    @classmethod
    def attach(cls, state: Path) -> Self:
        """The runtime that runtime.json describes; raises NotRunning."""
        try:
            record = json.loads((state / RECORD).read_text())
            port = int(record["endpoint_url"].rsplit(":", 1)[1])
            laptop = cls(state, port, _process_id(record))
            laptop.outputs = record["outputs"]
        except FileNotFoundError:
            raise NotRunning("No laptop runtime is running.") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotRunning(f"{state / RECORD} is not as `up` writes it: {error!r}.") from error
        known = ("template", "template_sha256", "laptop_parameters", "parameters")
        laptop.launched = {name: record[name] for name in known if name in record}
        if not laptop.healthy():
            raise NotRunning(f"The runtime of {state / RECORD} does not answer any more.")
        return laptop

    def client(self, service: str) -> Any:
        """A boto3 client of this runtime; cached."""
        if service not in self._clients:
            self._clients[service] = open_client(self.endpoint_url, self.region, service)
        return self._clients[service]

    def healthy(self) -> bool:
        """Whether the server lives and answers."""
        buckets = f"{self.endpoint_url}/"  # what S3 answers there needs no signature here
        with contextlib.suppress(OSError), urllib.request.urlopen(buckets, timeout=_HEALTH_SECONDS):
            return _alive(self.pid)
        return False

    @staticmethod
    def stop_remains(state: Path) -> bool:
        """End what runtime.json names although it does not answer; whether there was such a thing.

        The process is a runtime's only if it holds the lock of its run: ids are used again.
        """
        record = state / RECORD
        try:
            pid = _process_id(json.loads(record.read_text()))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            record.unlink(missing_ok=True)
            return False
        running = _alive(pid) and Laptop.lives(state)
        if running:
            Laptop(state, 0, pid).stop()
        record.unlink(missing_ok=True)
        return running

    @staticmethod
    def lives(state: Path) -> bool:
        """Whether a server of that state folder lives, whether it answers or not."""
        return any(lock_is_held(run) for run in (state / RUNS).glob("*"))

    def running(self) -> bool:
        """Whether the server process lives."""
        return self._process.running() if self._process else _alive(self.pid)

    def detach(self) -> None:
        """Let the server live on after this process."""
        if self._process:
            self._process.detach()

    def stop(self) -> None:
        """Stop the server and all its children; returns when they are gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self.running():
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)  # the guardian ends the children
                deadline += _STOP_SECONDS
            time.sleep(0.02)
        if self._process:
            self._process.close()
        record = self.state / RECORD
        with contextlib.suppress(FileNotFoundError, ValueError):
            if json.loads(record.read_text())["pid"] == self.pid:
                record.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write_record(self) -> None:
        record = {
            "endpoint_url": self.endpoint_url,
            "region": self.region,
            "pid": self.pid,
            "outputs": self.outputs,
            **self.launched,
        }
        descriptor, name = tempfile.mkstemp(dir=self.state)
        with os.fdopen(descriptor, "w") as file:
            json.dump(record, file, indent=2)
        Path(name).replace(self.state / RECORD)


class _Server:
    """The server process as its starter holds it."""

    def __init__(self, root: Path, state: Path, port: int) -> None:
        state_folder(state)
        runs = private_folder(state / RUNS)
        private_folder(state / BUILD)
        remove_dead_runs(runs)
        reader, writer = os.pipe()
        log = state / LOG
        with open_private(log) as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-u", "-m", "local.server", "--port", str(port)),
                    *("--root", str(root), "--state", str(runs / uuid.uuid4().hex)),
                    *("--ready", str(writer)),
                ],
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(writer,),
                start_new_session=True,
                text=True,
            )
        os.close(writer)
        with os.fdopen(reader) as ready:
            answer = ready.read()
        if not answer:
            self._process.wait()
            self.close()
            lines = log.read_text().splitlines()
            last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            more = f" (the rest is in {log})" if len(lines) > 1 else ""
            raise StartFailed(f"The server ended: {last.strip()}{more}")
        self.port, self.pid = json.loads(answer)["port"], self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def detach(self) -> None:
        if self._process.stdin:
            self._process.stdin.write("detach\n")
            self._process.stdin.flush()

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()


def _process_id(record: Mapping[str, Any]) -> int:
    """Raises ValueError for what is none: kill takes 0 and -1 for many processes at once."""
    pid = record["pid"]
    if type(pid) is not int or not 1 < pid < 2**31:
        raise ValueError(f"pid is {pid!r}")
    return pid


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
