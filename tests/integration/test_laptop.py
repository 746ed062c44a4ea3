"""The runtime as a process: `python -m local`, what it leaves behind, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.laptop.client import LOG, RECORD, Laptop, NotRunning
from tests.integration.conftest import PROBE, ROOT

SMALL = """
Resources:
  Queue: {Type: "AWS::SQS::Queue"}
Parameters:
  Colour: {Type: String, Default: red}
Outputs:
  QueueUrl: {Value: !Ref Queue}
  Colour: {Value: !Ref Colour}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory whose runtime, should one be left, is stopped."""
    path = tmp_path / "state"
    yield path
    cli("down", "--state", str(path))


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def up(state: Path, template: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return cli("up", "--port", "0", "--state", str(state), "--template", str(template), *more)


def record(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((state / RECORD).read_text())
    return found


def processes_of(state: Path) -> list[int]:
    """Processes whose command line or environment names the state directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(state).encode() in text and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def invoke(laptop: Laptop) -> None:
    name = laptop.outputs["RecordUploadFunctionName"]
    laptop.client("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"].read()


def test_up_writes_what_others_need_and_down_takes_everything_away(
    state: Path, small: Path
) -> None:
    started = up(state, small)

    assert started.returncode == 0, started.stderr
    facts = record(state)
    launched = {"template", "template_sha256", "laptop_parameters", "parameters"}
    assert set(facts) == {"endpoint_url", "region", "pid", "outputs", *launched}
    assert facts["parameters"] == {"Colour": "red"}
    assert facts["outputs"]["QueueUrl"].startswith(facts["endpoint_url"])
    assert facts["outputs"]["QueueUrl"] in started.stdout
    assert Laptop.attach(state).client("sqs").list_queues()["QueueUrls"]

    stopped = cli("down", "--state", str(state))

    assert stopped.returncode == 0
    assert processes_of(state) == []
    assert not (state / RECORD).exists()
    assert list((state / "runs").iterdir()) == []


def test_a_second_up_finds_the_first(state: Path, small: Path) -> None:
    up(state, small, "--parameter", "Colour=blue")
    before = record(state)

    again = up(state, small)

    assert again.returncode == 0
    assert "already running" in again.stdout
    assert record(state) == before
    assert before["outputs"]["Colour"] == "blue"


def test_a_template_that_fails_to_deploy_leaves_nothing_running(
    state: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("Resources:\n  Stream: {Type: 'AWS::Kinesis::Stream'}\n")

    failed = up(state, broken)

    assert failed.returncode == 1
    assert "Stream" in failed.stderr and "AWS::Kinesis::Stream" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert processes_of(state) == []
    assert not (state / RECORD).exists()


def test_a_port_that_is_taken_is_said_to_be(state: Path, small: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        failed = cli("up", "--port", str(port), "--state", str(state), "--template", str(small))

    assert failed.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_down_without_a_runtime_says_so(state: Path) -> None:
    nothing = cli("down", "--state", str(state))

    assert nothing.returncode == 0
    assert "Nothing to stop" in nothing.stdout


def test_a_stale_record_does_not_stop_the_next_up(state: Path, small: Path) -> None:
    up(state, small)
    os.kill(record(state)["pid"], signal.SIGKILL)
    time.sleep(0.2)

    again = up(state, small)

    assert again.returncode == 0, again.stderr
    assert "already running" not in again.stdout
    assert len(list((state / "runs").iterdir())) == 1  # the dead one's scratch is gone


def test_a_stale_record_of_another_process_is_not_killed(state: Path) -> None:
    state.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        facts = {"endpoint_url": "http://127.0.0.1:9", "pid": other.pid, "outputs": {}}
        (state / RECORD).write_text(json.dumps(facts))

        stopped = cli("down", "--state", str(state))

        assert stopped.returncode == 0
        assert other.poll() is None
        assert not (state / RECORD).exists()
        other.kill()


def test_status_and_drop_without_a_runtime_say_so(state: Path) -> None:
    for arguments in (("status",), ("drop", __file__)):
        answer = cli(*arguments, "--state", str(state))

        assert answer.returncode == 1
        assert "python -m local up" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_status_shows_queues_and_functions(probe: Laptop) -> None:
    invoke(probe)

    answer = cli("status", "--state", str(probe.state))

    assert answer.returncode == 0, answer.stderr
    assert "InboxQueue" in answer.stdout
    assert "RecordUploadFunction" in answer.stdout


@pytest.mark.parametrize("command", ["", "up", "status", "drop", "down", "demo"])
def test_help_is_there(command: str) -> None:
    answer = cli(*command.split(), "--help")

    assert answer.returncode == 0
    assert "usage: python -m local" in answer.stdout


def test_foreground_stays_until_it_is_told_to_stop(state: Path, small: Path) -> None:
    command = [sys.executable, "-m", "local", "up", "--foreground", "--port", "0"]
    command += ["--state", str(state), "--template", str(small)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (state / RECORD).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert process.poll() is None

        process.send_signal(signal.SIGTERM)

        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert output.endswith("stopped\n")
    assert processes_of(state) == []


def test_no_process_outlives_a_server_that_is_killed(
    tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    laptop = Laptop.start(ROOT, tmp_path / "state", template=PROBE)
    invoke(laptop)  # a worker is warm now
    assert len(processes_of(tmp_path / "state")) >= 2

    os.kill(laptop.pid, signal.SIGKILL)

    eventually(lambda: not processes_of(tmp_path / "state"))
    laptop.stop()


def test_the_server_ends_with_the_process_that_started_it(
    tmp_path: Path, small: Path, eventually: Callable[..., Any]
) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from local.laptop.client import Laptop\n"
        "root, state, template = map(Path, sys.argv[1:])\n"
        "Laptop.start(root, state, template=template)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    state = tmp_path / "state"

    subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(state), str(small)], cwd=ROOT, timeout=60
    )

    eventually(lambda: not processes_of(state))


def open_to_others(folder: Path) -> list[Path]:
    """What others on this machine could read, write or enter, by its own mode."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink() and path.exists() and path.stat().st_mode & 0o077:
            found.append(path)
    return found


def test_a_runtimes_files_are_its_users_alone(state: Path) -> None:
    """Also where the folder is there from before, open to everyone."""
    (state / "runs").mkdir(parents=True)
    for path in (state / LOG, state / "up.lock"):
        path.touch()
        path.chmod(0o666)
    for folder in (state, state / "runs"):
        folder.chmod(0o777)
    previous = os.umask(0)  # nothing may depend on the user's
    try:
        started = up(state, PROBE)
    finally:
        os.umask(previous)
    assert started.returncode == 0, started.stderr
    invoke(Laptop.attach(state))  # a worker with its code and its /tmp
    (run,) = (state / "runs").iterdir()
    assert any((run / "lambda").rglob("*.py"))

    found = open_to_others(state)

    # What pip has built of the repository's own packages is below a closed folder.
    assert [path for path in found if path.parent == state or "build" not in path.parts] == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_folder_that_belongs_to_another_is_refused_in_a_sentence() -> None:
    answer = cli("up", "--state", "/")

    assert answer.returncode == 1
    assert "belongs to another user" in answer.stderr


def test_a_folder_that_everyone_may_write_in_is_refused_in_a_sentence(
    state: Path, small: Path
) -> None:
    state.mkdir()
    (state / "notes.txt").touch()
    state.chmod(0o777)

    answer = up(state, small)

    assert answer.returncode == 1
    assert "give a state folder of your own" in answer.stderr.replace("\n", " ")
    assert "Traceback" not in answer.stderr


def test_nothing_but_loopback_listens(probe: Laptop) -> None:
    addresses = set()
    for table in ("tcp", "tcp6"):
        inodes = {
            str(link.readlink())
            for link in Path(f"/proc/{probe.pid}/fd").iterdir()
            if link.exists() or link.is_symlink()
        }
        for line in Path(f"/proc/{probe.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                addresses.add(fields[1].split(":")[0])
    assert addresses == {"0100007F"}


def test_attaching_to_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        Laptop.attach(tmp_path)
