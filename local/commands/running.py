"""Starting and stopping the laptop runtime."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from local.commands.command import ROOT, Command, add_parameter, file, state_option
from local.laptop.client import LOG, RECORD, Laptop, NotRunning
from local.laptop.launch import Launch
from local.runtime import failures
from local.runtime.private_files import open_private, state_folder

DEFAULT_PORT = 4566
_TOLD_EACH = 25  # resources


class NotTheSame(failures.Failure):
    """A runtime runs already, and not as it was asked for."""


def up(arguments: argparse.Namespace, out: Console) -> int:
    """Start the runtime with the stack deployed."""
    state: Path = arguments.state
    parameters = dict(arguments.parameter)
    launch = Launch.of(ROOT, arguments.template, parameters)
    state_folder(state)
    with _one_at_a_time(state):
        with contextlib.suppress(NotRunning):
            laptop = Laptop.attach(state)
            _check_the_same(laptop, launch, arguments)
            out.print(f"A laptop runtime is already running at {laptop.endpoint_url}.")
            return 0
        if Laptop.lives(state):
            raise NotTheSame(
                f"A runtime of {state} lives, but does not answer. Stop it first:"
                f" {_down(arguments)}"
            )
        laptop = Laptop.start(
            ROOT,
            state,
            template=arguments.template,
            port=_port(arguments.port),
            parameters=parameters,
            report=_Report(out, arguments.verbose),
        )
    _introduce(laptop, state, out)
    if arguments.foreground:
        return _stay(laptop, out)
    laptop.detach()
    return 0


def down(arguments: argparse.Namespace, out: Console) -> int:
    """Stop the runtime and everything that it started."""
    state: Path = arguments.state
    try:
        laptop = Laptop.attach(state)
    except NotRunning as error:
        if not Laptop.stop_remains(state):
            out.print(f"{error} Nothing to stop.", soft_wrap=True)
        else:
            out.print("Stopped a runtime that did not answer.")
        return 0
    laptop.stop()
    out.print("stopped")
    return 0


def describe_up(start: argparse.ArgumentParser) -> None:
    start.add_argument(
        "--port",
        type=_port_number,
        metavar="N",
        help=f"port on 127.0.0.1 (default: {DEFAULT_PORT}, or a free one where that is taken)",
    )
    add_parameter(start, "a template parameter, over those of local/parameters.json")
    start.add_argument("-v", "--verbose", action="store_true", help="name each resource")
    start.add_argument(
        "--foreground", action="store_true", help="stay until Ctrl-C, then stop the runtime"
    )
    start.add_argument(
        "--template",
        type=file,
        metavar="FILE",
        help="deploy another template, without local/parameters.json",
    )


class _Report:
    """Says how far the stack is: each thing that is packaged or created, or only now and then."""

    def __init__(self, out: Console, verbose: bool) -> None:
        self._out, self._verbose = out, verbose
        self._counts = {"packaging": 0, "created": 0}

    def __call__(self, line: str) -> None:
        kind = "created" if line.startswith(("AWS::", "Custom::")) else line.partition(" ")[0]
        if self._verbose or kind not in self._counts:
            self._out.print(line, style="dim", soft_wrap=True)
            return
        self._counts[kind] += 1
        number = self._counts[kind]
        if kind == "packaging" and number == 1:
            self._out.print("packaging the functions", style="dim")
        elif kind == "created" and number % _TOLD_EACH == 0:
            self._out.print(f"{number} resources created", style="dim")


def _down(arguments: argparse.Namespace) -> str:
    return f"{arguments.prog} down{state_option(arguments.state)}"


def _port_number(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"'{text}' is no port: 0 (any that is free) to 65535")
    return int(text)


def _check_the_same(laptop: Laptop, launch: Launch, arguments: argparse.Namespace) -> None:
    """Raises NotTheSame where the running one is not what was asked for."""
    wanted = f"http://127.0.0.1:{arguments.port}"
    others = list(launch.differences(dict(arguments.parameter), laptop.launched))
    if arguments.port and wanted != laptop.endpoint_url:
        others.append(f"it is at {laptop.endpoint_url}, not port {arguments.port}")
    if others:
        raise NotTheSame(
            f"A laptop runtime is already running at {laptop.endpoint_url}, and was started"
            f" otherwise: {'; '.join(others)}. Stop it first: {_down(arguments)}"
        )


def _port(wanted: int | None) -> int:
    """The port asked for; else the usual one, or 0 for any, where that is taken."""
    if wanted is not None:
        return wanted
    try:
        socket.create_server(("127.0.0.1", DEFAULT_PORT)).close()
    except OSError:
        return 0
    return DEFAULT_PORT


@contextlib.contextmanager
def _one_at_a_time(state: Path) -> Iterator[None]:
    """Two `up` at once must not start two runtimes: the second waits and finds the first's."""
    with open_private(state / "up.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
        fcntl.flock(lock, fcntl.LOCK_UN)


def _introduce(laptop: Laptop, state: Path, out: Console) -> None:
    out.print(f"\n[bold]ready[/bold] at [bold]{laptop.endpoint_url}[/bold]")
    out.print(f"details in {state / RECORD}, log in {state / LOG}\n", soft_wrap=True)
    width = max((len(name) for name in laptop.outputs), default=0)
    for name, value in laptop.outputs.items():
        out.print(f"{name:<{width}}  {value}", soft_wrap=True)  # whole, to be copied


def _stay(laptop: Laptop, out: Console) -> int:
    """Wait for Ctrl-C, SIGTERM or the server's own end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(0.2):
        if not laptop.running():
            laptop.stop()
            raise failures.Failure(f"The runtime ended by itself. Its log is {laptop.state / LOG}.")
    laptop.stop()
    out.print("stopped")
    return 0


COMMANDS = (
    Command("up", "start the runtime and deploy template.yaml into it", up, describe_up),
    Command("down", "stop the runtime; no process is left behind", down),
)
