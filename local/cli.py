"""The laptop runtime by hand: `python -m local up | status | drop | results | check | down | …`."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.laptop import approval
from local.laptop import feedback as verdicts
from local.laptop import results as listing
from local.laptop.client import LOG, RECORD, Laptop, NotRunning
from local.laptop.launch import Launch
from local.runtime import failures
from local.runtime.private_files import open_private, state_folder

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 4566
STATE = ROOT / ".sonoflow"


class NotTheSame(failures.Failure):
    """A runtime runs already, and not as it was asked for."""


out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        err.print("interrupted")
        return 130
    except Exception as error:
        line = failures.explain(error, arguments.state / LOG)
        if line is None:
            raise
        if isinstance(error, NotRunning):
            line += f" Start one with: python -m local up{_state_option(arguments.state)}"
        err.print(Text.assemble(("failed:", "red"), " ", line), soft_wrap=True)
        return 1


def up(arguments: argparse.Namespace) -> int:
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
                f"A runtime of {state} lives, but does not answer. Stop it first: python -m local"
                f" down{_state_option(state)}"
            )
        laptop = Laptop.start(
            ROOT,
            state,
            template=arguments.template,
            port=_port(arguments.port),
            parameters=parameters,
            report=lambda line: out.print(line, style="dim", soft_wrap=True),
        )
    _introduce(laptop, state)
    if arguments.foreground:
        return _stay(laptop)
    laptop.detach()
    return 0


def down(arguments: argparse.Namespace) -> int:
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


def status(arguments: argparse.Namespace) -> int:
    """Show executions, jobs, endpoints, queues and functions."""
    from local.laptop.status import show

    show(Laptop.attach(arguments.state), out)
    return 0


def permissions(arguments: argparse.Namespace) -> int:
    """Show what the stack's roles were allowed in this run, never needed, and were refused."""
    from local.laptop.permissions import decisions, roles, show

    laptop = Laptop.attach(arguments.state)
    show(roles(laptop, decisions(laptop)), out)
    return 0


def drop(arguments: argparse.Namespace) -> int:
    """Upload files as a user would and wait for what becomes of them."""
    from local.laptop.drop import drop_files

    laptop = Laptop.attach(arguments.state)
    return drop_files(laptop, arguments.file, arguments.to, wait=not arguments.no_wait, console=out)


def feedback(arguments: argparse.Namespace) -> int:
    """Judge an answer as a reviewer would."""
    return verdicts.give(Laptop.attach(arguments.state), arguments, out)


def collect(arguments: argparse.Namespace) -> int:
    """Train on what was judged: the next version of a data set."""
    return verdicts.collect(Laptop.attach(arguments.state), arguments, out)


def approve(arguments: argparse.Namespace) -> int:
    """Decide on a model that waits for it."""
    return approval.decide(Laptop.attach(arguments.state), arguments, out)


def results(arguments: argparse.Namespace) -> int:
    """Show the answers in the results bucket, or what a person has to look at."""
    return listing.run(arguments, out)


def check(arguments: argparse.Namespace) -> int:
    """Say what would become of a data set: no runtime, no training."""
    from local.laptop.check import check

    return check(arguments.file, arguments.out, out)


def demo(arguments: argparse.Namespace) -> int:
    """The whole main job, from a zip to answered inbox images."""
    from local.demo.main_job import run_demo

    state: Path = arguments.state
    state_folder(state)
    run_demo(ROOT, state, arguments.out, arguments.dataset, out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=run)
        added.add_argument(
            "--state",
            type=Path,
            default=STATE,
            metavar="DIR",
            help="where runtime.json, logs and scratch are kept (default: .sonoflow)",
        )
        return added

    _describe_up(command("up", up, "start the runtime and deploy template.yaml into it"))
    command("status", status, "show executions, jobs, endpoints, queues and functions")
    command(
        "permissions", permissions, "show what each role was allowed, never needed, was refused"
    )
    upload = command("drop", drop, "upload files and wait for their results")
    upload.add_argument(
        "file", type=Path, nargs="+", help="images and .csv → inbox/; .zip, .data → datasets/"
    )
    upload.add_argument("--to", metavar="KEY", help="key to upload to; a prefix if it ends in /")
    upload.add_argument("--no-wait", action="store_true", help="return after the upload")
    verdicts.describe(
        command("feedback", feedback, "judge the answer to an image of the inbox"),
        command("collect", collect, "train on what was judged, with an earlier data set"),
    )
    approval.describe(command("approve", approve, "approve or reject a model that waits for it"))
    listing.describe(command("results", results, "list the answers, or the cases for review"))
    doctor = command("check", check, "say what a data set would become, without training on it")
    doctor.add_argument("file", type=Path, help="a .zip, .csv or .data, or a folder of images")
    doctor.add_argument("--out", type=Path, metavar="FILE.html", help="with pictures, as HTML")
    command("down", down, "stop the runtime; no process is left behind")
    show = command("demo", demo, "the whole main job on this machine, see README.md")
    show.add_argument("--dataset", type=_file, metavar="FILE", help="a zip in the BUSI layout")
    show.add_argument("--out", type=Path, default=Path("out"), metavar="DIR")
    return parser


def _describe_up(start: argparse.ArgumentParser) -> None:
    start.add_argument(
        "--port",
        type=_port_number,
        metavar="N",
        help=f"port on 127.0.0.1 (default: {DEFAULT_PORT}, or a free one where that is taken)",
    )
    start.add_argument(
        "--parameter",
        type=_assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a template parameter, over those of local/parameters.json; may be repeated. "
        "Tune=true searches hyperparameters, see docs/training.md",
    )
    start.add_argument(
        "--foreground", action="store_true", help="stay until Ctrl-C, then stop the runtime"
    )
    start.add_argument(
        "--template",
        type=_file,
        metavar="FILE",
        help="deploy another template, without local/parameters.json",
    )


def _file(text: str) -> Path:
    path = Path(text)
    try:
        if path.is_file():
            return path
    except OSError as error:  # too long a name, say
        raise argparse.ArgumentTypeError(f"'{text}': {error.strerror}") from error
    raise argparse.ArgumentTypeError(f"'{text}' is not a file")


def _port_number(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"'{text}' is no port: 0 (any that is free) to 65535")
    return int(text)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return name, value


def _check_the_same(laptop: Laptop, launch: Launch, arguments: argparse.Namespace) -> None:
    """Raises NotTheSame where the running one is not what was asked for."""
    wanted = f"http://127.0.0.1:{arguments.port}"
    others = list(launch.differences(dict(arguments.parameter), laptop.launched))
    if arguments.port and wanted != laptop.endpoint_url:
        others.append(f"it is at {laptop.endpoint_url}, not port {arguments.port}")
    if others:
        raise NotTheSame(
            f"A laptop runtime is already running at {laptop.endpoint_url}, and was started"
            f" otherwise: {'; '.join(others)}. Stop it first: python -m local down"
            f"{_state_option(laptop.state)}"
        )


def _state_option(state: Path) -> str:
    return "" if state == STATE else f" --state {state}"


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


def _introduce(laptop: Laptop, state: Path) -> None:
    out.print(f"\n[bold]ready[/bold] at [bold]{laptop.endpoint_url}[/bold]")
    out.print(f"details in {state / RECORD}, log in {state / LOG}\n", soft_wrap=True)
    width = max((len(name) for name in laptop.outputs), default=0)
    for name, value in laptop.outputs.items():
        out.print(f"{name:<{width}}  {value}", soft_wrap=True)  # whole, to be copied


def _stay(laptop: Laptop) -> int:
    """Wait for Ctrl-C, SIGTERM or the server's own end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(0.2):
        if not laptop.running():
            err.print("the runtime ended by itself; see its log")
            laptop.stop()
            return 1
    laptop.stop()
    out.print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
