"""SageMaker's Ray Serve container without a container: Ray itself, started by the same commands.

https://github.com/aws/deep-learning-containers/blob/main/scripts/docker/ray/sagemaker_entrypoint.sh
starts Ray's head, then Serve, then `serve run /opt/ml/model/config.yaml`. Its adapter on port 8080
hands /invocations to Serve's `/` and asks `/-/healthz` for /ping; here requests go there directly.
Ray listens on loopback, at ports that are free.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

START_SECONDS = 180.0
END_SECONDS = 30.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def serving(binaries: Path, model: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The URL at which Serve answers for a model directory. Nothing of Ray is left behind."""
    head, door = free_port(), free_port()
    processes: list[subprocess.Popen[bytes]] = []
    with (
        # sockets below it have short names
        tempfile.TemporaryDirectory(
            prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
        ) as folder,
        Path(folder, "log").open("w") as log,
    ):
        env = environment_of(binaries, model) | environment

        def start(*command: str) -> subprocess.Popen[bytes]:
            processes.append(
                subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
            )
            return processes[-1]

        try:
            start(
                *("ray", "start", "--head", f"--port={head}", "--include-dashboard=False"),
                *("--num-gpus=0", "--block", f"--temp-dir={folder}"),
            )
            wait_for("Ray runtime started", Path(log.name))
            env["RAY_ADDRESS"] = f"127.0.0.1:{head}"
            served = start("serve", "start", "--http-host=127.0.0.1", f"--http-port={door}")
            assert served.wait(START_SECONDS) == 0, Path(log.name).read_text()
            start("serve", "run", str(model / "config.yaml"))
            wait_until_healthy(f"http://127.0.0.1:{door}", Path(log.name))
            yield f"http://127.0.0.1:{door}"
        finally:
            for process in reversed(processes):
                end(process)


def environment_of(binaries: Path, model: Path) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ},
        "PATH": f"{binaries}:/usr/bin:/bin",
        "PYTHONPATH": f"{model}:{model}/code",
        "SM_MODEL_DIR": str(model),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        "RAY_agent_register_timeout_ms": "120000",  # on a busy machine
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # as there, one machine alone, on loopback
    }


def wait_for(words: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while words not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()[-4000:]
        time.sleep(0.2)


def wait_until_healthy(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError, urllib.error.HTTPError),
            urllib.request.urlopen(f"{url}/-/healthz", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.5)
    raise AssertionError(log.read_text()[-4000:])


def end(process: subprocess.Popen[bytes]) -> None:
    """`ray start --block` ends Ray's processes, which have groups of their own, when it is told."""
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
