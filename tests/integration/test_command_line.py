"""`python -m local` when something is not as its user thought: a sentence, and a status."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.laptop.client import RECORD, Laptop
from tests.integration.conftest import PROBE, ROOT
from tests.integration.test_laptop import SMALL, processes_of

Answer = subprocess.CompletedProcess[str]


def run(*arguments: str | Path, within: float = 120) -> Answer:
    command = [sys.executable, "-m", "local", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=within)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a template, a file, and a running runtime in `state`."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "small.yaml").write_text(SMALL)
    (folder / "other.yaml").write_text(SMALL)
    (folder / "binary.yaml").write_bytes(b"\x89PNG\xff")
    (folder / "three.yaml").write_text("Resources: 3")
    (folder / "four.yaml").write_text("Resources: {A: 4}")
    (folder / "deep.yaml").write_text("[" * 5000)
    (folder / "many").mkdir()
    many = {"endpoint_url": "http://127.0.0.1:9", "pid": -1, "outputs": {}}
    (folder / "many" / RECORD).write_text(json.dumps(many))
    (folder / "scan.png").write_bytes(b"1")
    (folder / "corrupt").mkdir()
    (folder / "corrupt" / RECORD).write_text("[1")
    started = run(
        *("up", "--port", "0", "--state", folder / "state"),
        *("--template", folder / "small.yaml", "--parameter", "Colour=blue"),
    )
    assert started.returncode == 0, started.stderr
    yield folder
    assert run("down", "--state", folder / "state").stdout == "stopped\n"


UP = ("up", "--state", "{home}/new", "--port", "0", "--template", "{home}/small.yaml")
RUNNING = ("up", "--state", "{home}/state")
SAME = (*RUNNING, "--template", "{home}/small.yaml")

TOLD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "port too high": ((*UP, "--port", "99999"), 2, "'99999' is no port: 0"),
    "port below": ((*UP, "--port", "-1"), 2, "'-1' is no port"),
    "port of letters": ((*UP, "--port", "http"), 2, "'http' is no port"),
    "no template": ((*UP, "--template", "/nope.yaml"), 2, "'/nope.yaml' is not a file"),
    "a folder as template": ((*UP, "--template", "{home}"), 2, "is not a file"),
    "a template's name too long": ((*UP, "--template", "x" * 300), 2, "File name too long"),
    "a picture as template": ((*UP, "--template", "{home}/binary.yaml"), 1, "is no text"),
    "resources that are none": ((*UP, "--template", "{home}/three.yaml"), 1, "must be an object"),
    "a resource that is none": ((*UP, "--template", "{home}/four.yaml"), 1, "the resource A must"),
    "a template too deep": ((*UP, "--template", "{home}/deep.yaml"), 1, "nested too deeply"),
    "a record of many processes": (
        ("status", "--state", "{home}/many"),
        1,
        "is not as `up` writes",
    ),
    "no assignment": ((*UP, "--parameter", "Colour"), 2, "'Colour' is not KEY=VALUE"),
    "unknown parameter": ((*UP, "--parameter", "Foo=1"), 1, "no parameter Foo. All are under"),
    "misspelt parameter": ((*UP, "--parameter", "color=1"), 1, "color; did you mean Colour?"),
    "misspelt, of the product": (
        ("up", "--state", "{home}/new", "--parameter", "minimumaccuracy=0"),
        1,
        "no parameter minimumaccuracy; did you mean MinimumAccuracy?",
    ),
    "impossible value": (
        ("up", "--state", "{home}/new", "--parameter", "MinimumAccuracy=7"),
        1,
        "'MinimumAccuracy' must be at most 1 (was '7')",
    ),
    "a file as state, up": ((*UP, "--state", "/etc/passwd"), 1, "Not a directory: /etc/passwd"),
    "a file as state, status": (("status", "--state", "/etc/passwd"), 1, "Not a directory"),
    "a file as state, drop": (
        ("drop", "--state", "/etc/passwd", "{home}/scan.png"),
        1,
        "Not a directory: /etc/passwd/runtime.json",
    ),
    "a file as state, down": (("down", "--state", "/etc/passwd"), 1, "Not a directory"),
    "below a file": ((*UP, "--state", "/etc/passwd/x"), 1, "Not a directory: /etc/passwd/x"),
    "no place for state": ((*UP, "--state", "/proc/foo"), 1, "No such file or directory: /proc"),
    "no right to make state": ((*UP, "--state", "/sys/foo"), 1, ": /sys/foo"),
    "a record that is none": (("status", "--state", "{home}/corrupt"), 1, "is not as `up` writes"),
    "nothing runs": (("status", "--state", "{home}/new"), 1, "up --state {home}/new"),
    "no file": (("drop", "--state", "{home}/state", "/nope.png"), 1, "/nope.png is not a file"),
    "a folder without pictures": (
        ("drop", "--state", "{home}/state", "{home}/many"),
        1,
        "{home}/many holds no image that could be dropped: it holds 1 × .json",
    ),
    "watching a file": (
        ("watch", "--state", "{home}/state", "{home}/scan.png"),
        1,
        "{home}/scan.png is not a folder",
    ),
    "a name too long": (("drop", "--state", "{home}/state", "x" * 300), 1, "File name too long"),
    "another stack": (
        ("drop", "--state", "{home}/state", "{home}/scan.png"),
        1,
        "has no output ResultsBucketName",
    ),
    "other port": ((*SAME, "--port", "1"), 1, "not port 1. Stop it first: python -m local down"),
    "other parameter": ((*SAME, "--parameter", "Colour=red"), 1, "Colour is 'blue', not 'red'"),
    "other template": (
        (*RUNNING, "--template", "{home}/other.yaml"),
        1,
        "its template is {home}/small.yaml, not {home}/other.yaml",
    ),
    "the product's template": (RUNNING, 1, "its template is {home}/small.yaml, not"),
    "unknown parameter while one runs": ((*SAME, "--parameter", "Foo=1"), 1, "no parameter Foo"),
    "data that is none": (("demo", "--dataset", "/nope.zip"), 2, "'/nope.zip' is not a file"),
}


@pytest.mark.parametrize(("arguments", "status", "says"), TOLD.values(), ids=TOLD)
def test_what_is_not_as_it_was_thought_is_told_in_one_line(
    home: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    answer = run(*(argument.format(home=home) for argument in arguments), within=60)

    assert answer.returncode == status, answer.stderr
    assert says.format(home=home) in answer.stderr
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert len(lines) == 1 or (status == 2 and lines[0].startswith("usage:"))
    assert "Traceback" not in answer.stderr
    assert not (home / "new" / RECORD).exists()


def test_a_runtime_that_does_not_answer_is_not_orphaned_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be busy for longer than anybody waits."""
    template, state = tmp_path / "small.yaml", tmp_path / "state"
    template.write_text(SMALL)
    command = ("up", "--state", state, "--port", "0", "--template", template)
    assert run(*command).returncode == 0
    pid = json.loads((state / RECORD).read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        answer = run(*command)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert answer.returncode == 1
    assert "lives, but does not answer. Stop it first: python -m local down" in answer.stderr
    assert run("down", "--state", state).stdout == "stopped\n"
    assert processes_of(state) == []


def test_up_says_what_has_changed_in_the_template_since(home: Path) -> None:
    template = home / "small.yaml"
    template.write_text(SMALL + "\n# later\n")
    try:
        answer = run(*(argument.format(home=home) for argument in SAME))
    finally:
        template.write_text(SMALL)

    assert answer.returncode == 1
    assert f"{template} has changed since" in answer.stderr


@pytest.mark.parametrize("more", [(), ("--parameter", "Colour=blue"), ("--port", "0"), ("port",)])
def test_up_again_without_a_difference_is_no_error(home: Path, more: tuple[str, ...]) -> None:
    laptop = Laptop.attach(home / "state")
    if more == ("port",):
        more = ("--port", laptop.endpoint_url.rpartition(":")[2])
    template = ("--template", home / "small.yaml")

    again = run("up", "--state", home / "state", *template, *more)

    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == f"A laptop runtime is already running at {laptop.endpoint_url}.\n"


def test_what_nobody_expected_keeps_its_traceback() -> None:
    """So that it can be reported: only failures that have a sentence are told in one."""
    program = (
        "import sys; from local import cli\n"
        "def broken(*_): raise ZeroDivisionError('a bug')\n"
        "cli.Laptop.attach = broken\n"
        "sys.exit(cli.main(['status']))\n"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )

    assert answer.returncode == 1
    assert "Traceback" in answer.stderr
    assert "ZeroDivisionError: a bug" in answer.stderr


def stand_in(state: Path, behave: Callable[[socket.socket], None]) -> socket.socket:
    """A server that is healthy, and then not: what a runtime that dies in the middle is like."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        healthy = False
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                if not healthy:
                    healthy = True
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                else:
                    behave(connection)

    threading.Thread(target=serve, daemon=True).start()
    outputs = {
        name: "x"
        for name in (
            *("UploadsBucketName", "WorkBucketName", "ResultsBucketName"),
            *("TrainImagesStateMachineArn", "TrainTableStateMachineArn"),
        )
    }
    state.mkdir()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    facts = {"endpoint_url": url, "pid": os.getpid(), "outputs": outputs}
    (state / RECORD).write_text(json.dumps(facts))
    return listener


def hang_up(connection: socket.socket) -> None:
    """Close without a word."""


def fail(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("command", ["status", "drop"])
@pytest.mark.parametrize(
    ("behave", "says"),
    [(hang_up, "The runtime does not answer any more"), (fail, "The runtime failed")],
)
def test_a_runtime_that_dies_meanwhile_is_told_in_one_line(
    tmp_path: Path, command: str, behave: Callable[[socket.socket], None], says: str
) -> None:
    (tmp_path / "scan.png").write_bytes(b"1")
    state = tmp_path / "state"

    with stand_in(state, behave):
        files = [tmp_path / "scan.png"] if command == "drop" else []
        answer = run(command, "--state", state, *files)

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"failed: {says}: ")
    assert answer.stderr.endswith(f"Its log is {state}/runtime.log.\n")
    assert answer.stderr.count("\n") == 1


def test_a_drop_whose_runtime_is_killed_says_so(tmp_path: Path) -> None:
    """For real, once: the wait for an answer ends with the runtime."""
    state = tmp_path / "state"
    (tmp_path / "scan.png").write_bytes(b"1")
    laptop = Laptop.start(ROOT, state, template=PROBE)
    laptop.outputs |= dict.fromkeys(
        ("WorkBucketName", "TrainImagesStateMachineArn", "TrainTableStateMachineArn"), "x"
    )
    laptop._write_record()
    command = [sys.executable, "-m", "local", "drop", "--state", str(state)]
    with subprocess.Popen(
        [*command, str(tmp_path / "scan.png")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as dropping:
        assert dropping.stdout is not None
        assert "dropped" in dropping.stdout.readline()
        time.sleep(1)
        os.kill(laptop.pid, signal.SIGKILL)
        _, said = dropping.communicate(timeout=30)
    laptop.stop()

    assert dropping.returncode == 1
    assert said.startswith("failed: The runtime does not answer any more: ")
    assert said.count("\n") == 1


def test_a_runtime_whose_state_is_deleted_ends_by_itself(
    tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    """Nothing could find it any more, and it would keep its port."""
    (tmp_path / "small.yaml").write_text(SMALL)
    state = tmp_path / "state"
    started = run("up", "--port", "0", "--state", state, "--template", tmp_path / "small.yaml")
    assert started.returncode == 0, started.stderr
    port = int(Laptop.attach(state).endpoint_url.rpartition(":")[2])

    shutil.rmtree(state)

    eventually(lambda: not processes_of(state))

    def is_free() -> bool:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return True
        return False

    eventually(is_free)


def test_make_clean_stops_the_runtime_first(tmp_path: Path) -> None:
    """In a copy of the Makefile's surroundings: this repository's own runtime is left alone."""
    for name in ("local", "core"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Makefile", tmp_path)
    calls = tmp_path / "calls"
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@ $(ls -A)" | tr "\\n" " " >> {calls}\nexit 1\n')
    python.chmod(0o755)
    (tmp_path / ".sonoflow").mkdir()

    clean = ["make", "clean"]
    cleaned = subprocess.run(clean, cwd=tmp_path, capture_output=True, text=True)

    assert cleaned.returncode == 0, cleaned.stderr
    assert calls.read_text().startswith("-m local down ")
    assert ".sonoflow" in calls.read_text()  # it was there still
    assert not (tmp_path / ".sonoflow").exists()
