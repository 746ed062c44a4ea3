"""Data sets: the run that an upload starts, and how it ends, in words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from local.dropping import cautions
from local.dropping.items import Item
from local.dropping.outcomes import FAILED, JUDGED, REFUSED, TRAINED, Outcome
from local.laptop import uploads
from local.laptop.client import Laptop
from local.laptop.progress import MODELS, RUNNING, ProgressView, RunFailed, RunWatch
from local.laptop.uploads import UploadRefused
from local.laptop.waiting import POLL_SECONDS
from sonoflow import keys

# The parameter behind each bound that a model has to reach, by task and figure.
GATES = {
    ("classification", "accuracy"): "MinimumAccuracy",
    ("segmentation", "lesion_dice"): "MinimumLesionDice",
    ("table", "accuracy"): "MinimumTableAccuracy",
}
# And of its other floors, which are options of one parameter.
FLOORS = {
    "classification": "ClassifierFloors",
    "segmentation": "SegmenterFloors",
    "table": "TableFloors",
}
_SHOWN = ("accuracy", "macro_f1", "lesion_dice", "lesion_iou", "sensitivity", "specificity", "auc")
_REPORT = "report.html"


def await_run(laptop: Laptop, item: Item, version: str, console: Console, prog: str) -> Outcome:
    """Until the run has ended, told of on the way."""

    def say(line: str) -> None:
        console.print(Text(line, "dim"), soft_wrap=True)

    try:
        with console.status(f"waiting for the run of {item.key}"):
            arn = uploads.run_of(laptop, item.file, item.key, version, say)
    except UploadRefused as error:
        return Outcome(item, REFUSED, str(error))
    watch = RunWatch(laptop.client, laptop.outputs, arn)
    with ProgressView(console) as view:
        while (progress := watch.look()).status == RUNNING:
            view.show(progress)
            time.sleep(POLL_SECONDS)
    try:
        output = json.loads(watch.outcome().get("output", "{}"))
    except RunFailed as error:
        return _failed(laptop, item, watch, error, prog)
    kind = JUDGED if "validate-external" in arn else TRAINED
    return Outcome(item, kind, "\n".join(_told(watch.run, output)), output, _reports(output))


def assumed(output: Mapping[str, Any]) -> Iterator[str]:
    """What the run took for true without being certain, with what settles it otherwise."""
    for one in output.get("split", {}).get("assumptions", ()):
        settle = f"; if not, into the mapping: {one['settle']}" if one["settle"] else ""
        yield f"assumed: {one['detail']}{settle}"


def _told(run: str, output: Mapping[str, Any]) -> Iterator[str]:
    yield f"{run} succeeded"
    yield from assumed(output)
    for release in output.get("releases", ()):
        metrics = release.get("metrics") or {}
        known = [name for name in _SHOWN if metrics.get(name) is not None]
        figures = ", ".join(f"{name} {metrics[name]:.3f}" for name in known)
        yield f"{release['model']:<10} on {release['endpoint_name']}: {figures}"
    if report := output.get("report"):
        yield f"report     {report}"
    for caution in cautions.of_run(output):
        yield f"caution: {caution}"


def _reports(output: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    report = output.get("report")
    return {_REPORT: keys.parse_uri(report)} if report else {}


def _failed(laptop: Laptop, item: Item, watch: RunWatch, error: RunFailed, prog: str) -> Outcome:
    missed = list(_missed(laptop, watch, prog))
    reports = {f"{model}.{_REPORT}": place for model, place in _of_models(laptop, watch).items()}
    if not missed:
        return Outcome(item, FAILED, str(error), None, reports)
    return Outcome(item, FAILED, "\n".join([f"{watch.run} failed", *missed]), None, reports)


def _missed(laptop: Laptop, watch: RunWatch, prog: str) -> Iterator[str]:
    """A sentence or two for each gate that was missed, if that is why it failed."""
    parameters = []
    reports = _of_models(laptop, watch)
    for task, failure in failures(laptop.client("stepfunctions"), watch):
        if failure.get("error") != "GateNotPassed":
            yield f"{MODELS[task]}: {failure.get('error', '')}: {failure.get('cause', '')}"
            continue
        for reason in failure.get("cause", "").split("; "):
            parameter = GATES.get((task, reason.partition(" ")[0]))
            named = parameter or FLOORS[task]
            yield f"{MODELS[task]}: not deployed, as its {reason} (parameter {named})"
            parameters.append(f"{parameter}=0" if parameter else f"{named}={{}}")
        if MODELS[task] in reports:
            place = keys.uri(*reports[MODELS[task]])
            yield f"{MODELS[task]}: its report, which --out DIR saves: {place}"
    if parameters:
        asked = " ".join(f"--parameter {one}" for one in dict.fromkeys(parameters))
        yield (
            "More images or better labels make a better model. To look at it all the same, knowing"
            f" that it is not good: {prog} down; {prog} up {asked}; then drop it again."
        )


def failures(states: Any, watch: RunWatch) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By task, what DescribeExecution says of each release of the run that has failed."""
    for task, arn in watch.releases().items():
        described = states.describe_execution(executionArn=arn)
        if described["status"] not in (RUNNING, "SUCCEEDED"):
            yield task, described


def _of_models(laptop: Laptop, watch: RunWatch) -> dict[str, tuple[str, str]]:
    """By model, where the report of a training of this run lies, if it left one."""
    bucket = laptop.outputs["WorkBucketName"]
    found: dict[str, tuple[str, str]] = {}
    for model, job in watch.jobs().items():
        key = keys.beside(keys.evaluation(job), _REPORT)
        if uploads.find(laptop, bucket, key) is not None:
            found[model] = (bucket, key)
    return found
