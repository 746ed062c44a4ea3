"""One deployed model: a process that serves an unpacked model archive as its image promises.

What runs is an ASGI application under uvicorn (applications.py). The model directory is handed over
as SM_MODEL_DIR, because there is no `/opt/ml/model`.
"""

from __future__ import annotations

import collections
import http.client
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.iam.authority import Refused
from local.iam.credentials import RoleNotFound
from local.iam.role_clients import client_of_role
from local.runtime.logs import LogStream
from local.runtime.private_files import unpack
from local.runtime.reaper import RuntimeEnds
from local.runtime.runtime import Runtime
from local.sagemaker import images
from local.sagemaker.execution_role import require_pull
from local.sagemaker.hosting import applications
from local.sagemaker.hosting.applications import Application, ServingFailed
from local.sagemaker.training import channels

LOG_GROUP = "/aws/sagemaker/Endpoints"
START_SECONDS = 180.0  # AWS allows a serverless container three minutes to its first ping
_LISTENING = re.compile(r"Uvicorn running on http://127\.0\.0\.1:(\d+)")
_DOOR = Path(__file__).with_name("model_door.py")
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
_TAIL_LINES = 15
_TAIL_CHARACTERS = 850
_SESSION, _PRINCIPAL = "SageMaker-hosting", "sagemaker.amazonaws.com"
_LONGEST_PAUSE = 30.0


class ModelServer:
    """The process behind an endpoint's variant. It is restarted when it ends by itself."""

    def __init__(
        self, runtime: Runtime, endpoint: str, variant: str, container: Mapping[str, Any], role: str
    ) -> None:
        self._runtime, self._container, self._role = runtime, container, role
        directory = runtime.state / "endpoints"
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = Path(tempfile.mkdtemp(prefix=f"{endpoint}-", dir=directory))
        self._log = LogStream(
            client_of_role(runtime, "logs", role, _SESSION, _PRINCIPAL),
            f"{LOG_GROUP}/{endpoint}",
            f"{variant}/i-{uuid.uuid4().hex[:17]}",
        )
        self._tail: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._port: int | None = None
        self.invocations_path = "/"  # where the application takes requests

    @property
    def port(self) -> int | None:
        """Where the model answers; None while its process is not ready."""
        return self._port

    def start(self) -> None:
        """Serve the model; returns once it answers its ping. Raises ServingFailed."""
        try:
            contract = self._unpack()
            application = applications.application_of(contract, self._directory)
            self.invocations_path = application.invocations_path
            self._start_process(application)
        except ServingFailed:
            self.close()
            raise
        threading.Thread(target=self._supervise, args=(application,), daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._port = None
        if self._process is not None:
            self._runtime.reaper.kill(self._process)
        shutil.rmtree(self._directory, ignore_errors=True)
        self._log.flush()

    def _unpack(self) -> images.Contract:
        try:
            contract = images.hosting_contract(self._container.get("Image", ""))
            uri = self._container.get("ModelDataUrl")
            if not uri:
                raise ServingFailed("The model has no ModelDataUrl.")
            bucket, key = channels.split_uri(uri)
            require_pull(self._runtime, self._role, self._container["Image"])
            s3 = client_of_role(self._runtime, "s3", self._role, _SESSION, _PRINCIPAL)
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                unpack(archive, self._directory)
        except (images.UnknownImage, channels.ChannelError, RoleNotFound, Refused) as error:
            raise ServingFailed(str(error)) from error
        except ClientError as error:
            raise ServingFailed(f"Failed to download model data from {uri!r}: {error}") from error
        except (OSError, tarfile.TarError) as error:
            raise ServingFailed(f"{uri!r} is no model archive: {error}") from error
        return contract

    def _start_process(self, application: Application) -> None:
        process = self._process = self._runtime.reaper.start(
            # -P: no directory of the runtime's is a place to import from
            [sys.executable, "-P", str(_DOOR), application.name],
            cwd=self._directory,
            env=self._environment(application),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        listening: list[int] = []
        threading.Thread(target=self._read, args=(process, listening), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not (listening and _ping(listening[0])):
            if process.poll() is not None:
                time.sleep(0.2)  # its last lines are still on their way
                raise ServingFailed(
                    f"The model server ended with exit code {process.returncode} before it "
                    f"passed its ping health check. Its log ends with:\n{self._last_lines()}"
                )
            if time.monotonic() > deadline or self._closed.is_set():
                self._runtime.reaper.kill(process)
                raise ServingFailed(
                    f"The model server did not pass its ping health check within "
                    f"{START_SECONDS:.0f} seconds. Its log ends with:\n{self._last_lines()}"
                )
            time.sleep(0.05)
        self._port = listening[0]

    def _environment(self, application: Application) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "PYTHONPATH": application.python_path,
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SM_MODEL_DIR": str(self._directory),
            "AWS_REGION": self._runtime.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            **(self._container.get("Environment") or {}),
        }

    def _read(self, process: subprocess.Popen[bytes], listening: list[int]) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for above
        with process.stdout as stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                self._tail.append(line)
                self._log.write(line)
                found = _LISTENING.search(line)
                if found:
                    listening.append(int(found.group(1)))

    def _last_lines(self) -> str:
        # The end of a log says why; a failure reason holds 1024 characters in all.
        return "\n".join(self._tail)[-_TAIL_CHARACTERS:]

    def _supervise(self, application: Application) -> None:
        pause = 0.5
        while True:
            assert self._process is not None  # noqa: S101 - started before this thread
            self._process.wait()
            self._port = None
            if self._closed.wait(pause):
                return
            self._log.write(
                f"The model server ended with exit code {self._process.returncode}; restarting."
            )
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                self._start_process(application)
            except ServingFailed:  # its log says why; the next try follows
                pass
            except (RuntimeEnds, OSError):  # OSError: its directory has gone already
                return
            if self._closed.is_set():
                self._runtime.reaper.kill(self._process)
                return


def _ping(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
