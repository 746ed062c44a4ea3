"""What goes in: data sets, images, tables, and phantoms for whoever has none."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.commands.command import ROOT, Command, add_parameter
from local.laptop.client import Laptop
from local.laptop.launch import Launch
from local.runtime.failures import Failure
from sonoflow import keys

_EXTERNAL = "a set that the models in service are to judge, and that is never trained on"


def drop(arguments: argparse.Namespace, out: Console) -> int:
    """Upload files as a user would and wait for what becomes of them."""
    from local.dropping.drop import Wishes, drop_files

    laptop = Laptop.attach(arguments.state)
    wishes = Wishes(
        to=keys.EXTERNAL if arguments.external else arguments.to,
        wait=not arguments.no_wait,
        save=arguments.out,
        as_json=arguments.json,
        prog=arguments.prog,
    )
    return drop_files(laptop, arguments.file, wishes, out)


def watch(arguments: argparse.Namespace, out: Console) -> int:
    """Drop whatever appears in a folder, and leave the answers beside it."""
    from local.dropping.watch import Watch

    watching = Watch(Laptop.attach(arguments.state), arguments.folder, out, arguments.prog)
    return watching.until_idle(arguments.until_idle)


def check(arguments: argparse.Namespace, out: Console) -> int:
    """Say what would become of a data set: no runtime, no training."""
    from local.laptop.check import check

    environment = {}
    if given := dict(arguments.parameter):
        launch = Launch.of(ROOT, ROOT / "template.yaml", given)
        environment["STAGING_OPTIONS"] = launch.resolved["StagingOptions"]
    if arguments.out is not None and len(arguments.file) > 1:
        raise Failure("--out takes the page of one data set: check them one by one")
    worst = 0
    for path in arguments.file:
        if len(arguments.file) > 1:
            out.print(Text(str(path), "bold"), soft_wrap=True)
        worst = max(
            worst, check(path, arguments.out, out, environment, external=arguments.external)
        )
    return worst


def phantoms(arguments: argparse.Namespace, out: Console) -> int:
    """Draw synthetic images with masks, to try the system without any data."""
    from local.demo.phantoms import write

    out.print(write(arguments), soft_wrap=True, markup=False)
    return 0


def describe_drop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        nargs="+",
        help="images, DICOM, .csv, .jsonl → inbox/; .zip, .data and .mapping.json → datasets/; of "
        "a folder: a data set, where it has classes or masks, else its images are asked about",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--to", metavar="KEY", help="key to upload to; a prefix if it ends in /")
    where.add_argument("--external", action="store_true", help=_EXTERNAL)
    parser.add_argument("--no-wait", action="store_true", help="return after the upload")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="save answers, masks, overlays, scores and reports"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document for all; progress goes to stderr"
    )


def describe_watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument(
        "--until-idle",
        type=float,
        metavar="SECONDS",
        help="stop when nothing has appeared for so long and all is answered (default: Ctrl-C)",
    )


def describe_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, nargs="+", help="a .zip, .csv or .data, or a folder of images"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="with pictures, as HTML")
    parser.add_argument("--external", action="store_true", help=_EXTERNAL)
    add_parameter(parser, "a template parameter that staging goes by, as StagingOptions='{…}'")


def describe_phantoms(parser: argparse.ArgumentParser) -> None:
    from local.demo.phantoms import describe

    describe(parser)


COMMANDS = (
    Command("drop", "upload files or folders and wait for their results", drop, describe_drop),
    Command(
        "watch", "drop what appears in a folder; answers are left beside it", watch, describe_watch
    ),
    Command(
        "check", "say what a data set would become, without training on it", check, describe_check
    ),
    Command("phantoms", "draw a data set of synthetic images", phantoms, describe_phantoms),
)
