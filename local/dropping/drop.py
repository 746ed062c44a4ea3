"""Uploads files as a user would, and waits for what becomes of them."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.dropping import answers, runs, saved
from local.dropping.items import RUNS, Item, gather
from local.dropping.obstacles import Obstacles
from local.dropping.outcomes import FAILED, SUMMARISED, UNANSWERED, UPLOADED, Outcome
from local.dropping.shown import Lines, summary
from local.laptop import uploads
from local.laptop.bulk import MACHINE, await_summary
from local.laptop.client import Laptop
from local.laptop.uploads import DropFailed
from local.laptop.waiting import looks
from sonoflow import keys

_OUTPUTS = {
    *("UploadsBucketName", "WorkBucketName", "ResultsBucketName"),
    *("TrainImagesStateMachineArn", "TrainTableStateMachineArn"),
}
_OF_EXTERNAL = {"ValidateExternalStateMachineArn"}  # needed where such a set is dropped
_ANSWER_SECONDS = 600.0
# Without a model only a rejection can come, at the first attempt, which is soon.
_NO_MODEL_SECONDS = 15.0


@dataclasses.dataclass(frozen=True)
class Wishes:
    """How something is dropped. `prog` is what the user types for the command."""

    to: str | None = None
    wait: bool = True
    save: Path | None = None
    as_json: bool = False
    prog: str = "sonoflow"


@dataclasses.dataclass(frozen=True)
class Dropped:
    item: Item
    version: str  # of the object


def drop_files(laptop: Laptop, given: Sequence[Path], wishes: Wishes, console: Console) -> int:
    """Upload all files, then wait for each; returns the exit status.

    What became of a file is printed, its refusal too. Raises DropFailed, FolderRefused or NotSaved,
    the first two before anything is uploaded.
    """
    told = Console(stderr=True, highlight=False) if wishes.as_json else console
    with tempfile.TemporaryDirectory() as scratch:
        with told.status("looking through the files"):
            load = gather(given, wishes.to, Path(scratch))
        external = any(item.key.startswith(keys.EXTERNAL) for item in load.items)
        needed = _OUTPUTS | (_OF_EXTERNAL if external else set())
        if missing := sorted(needed - set(laptop.outputs)):
            raise DropFailed(f"the stack at {laptop.endpoint_url} has no output {missing[0]}")
        for line in load.decided:
            told.print(Text(line), soft_wrap=True)
        dropped = [_upload(laptop, item, told) for item in load.items]
        outcomes = list(_outcomes(laptop, dropped, wishes, told))
    outcomes = [outcome for outcome in outcomes if not outcome.item.is_beside]
    if line := summary(outcomes) if wishes.wait else "":
        told.print(Text(line), soft_wrap=True)
    if wishes.save is not None and wishes.wait:
        saved.list_answers(outcomes, wishes.save)
        told.print(Text(f"saved in {wishes.save}"), soft_wrap=True)
    if wishes.as_json:
        console.file.write(json.dumps([outcome.json() for outcome in outcomes], indent=1) + "\n")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _upload(laptop: Laptop, item: Item, console: Console) -> Dropped:
    version = uploads.put(laptop, item.file, item.key)
    console.print(Text(f"dropped {item.origin} as {item.key}"), soft_wrap=True)
    return Dropped(item, version)


def _outcomes(
    laptop: Laptop, dropped: Sequence[Dropped], wishes: Wishes, console: Console
) -> Iterator[Outcome]:
    """Data sets first: images may wait for the models that come of them."""
    lines = Lines(console, [each.item for each in dropped])
    asking = Asking(laptop, console, wishes.prog)
    for each in sorted(dropped, key=lambda each: not each.item.is_dataset):
        if not wishes.wait:
            yield Outcome(each.item, UPLOADED, "")
            continue
        try:
            outcome = _await(laptop, each, asking, wishes, console)
        except DropFailed as error:
            outcome = Outcome(each.item, FAILED, str(error))
        lines.show(outcome)
        if wishes.save is not None:
            wishes.save.mkdir(parents=True, exist_ok=True)
            saved.save(laptop, outcome, wishes.save)
        yield outcome


def _await(
    laptop: Laptop, dropped: Dropped, asking: Asking, wishes: Wishes, console: Console
) -> Outcome:
    """By what the key begins with. Raises DropFailed."""
    item = dropped.item
    if item.is_dataset:
        return runs.await_run(laptop, item, dropped.version, console, wishes.prog)
    if item.is_asked and keys.is_inbox_bulk(item.key):
        can = MACHINE in laptop.outputs
        if can and (outcome := asking.hopeless(dropped, _NO_MODEL_SECONDS)):
            return outcome
        summary = await_summary(laptop, item.key, dropped.version, console)
        return Outcome(item, SUMMARISED, f"{keys.inbox_path(item.key)} is answered", summary)
    if item.is_asked:
        return asking.wait(dropped)
    return Outcome(item, UPLOADED, _alone(item))


def _alone(item: Item) -> str:
    """Of what nothing is waited for."""
    if item.is_beside:
        return ""
    if item.is_mapping:
        return "a mapping: it is read when its data set is dropped"
    places = [*RUNS, keys.INBOX]
    known = f"{', '.join(places[:-1])} and {places[-1]}"
    again = " or ".join(f"--to {place}" for place in reversed(places))
    return f"nothing works on it there, only in {known}: drop it again, with {again}"


class Asking:
    """Waits for answers, and knows when there will be none."""

    def __init__(self, laptop: Laptop, console: Console, prog: str) -> None:
        self._laptop, self._console, self._prog = laptop, console, prog
        self._obstacles = Obstacles(laptop)
        self._told: set[str] = set()

    def wait(self, dropped: Dropped) -> Outcome:
        """Until there is an answer, or it is certain that there will be none for now."""
        key, path = dropped.item.key, keys.inbox_path(dropped.item.key)
        begun = time.monotonic()
        with self._console.status(f"waiting for {path}"):
            for _ in self._looks(key, path):
                if outcome := answers.look(self._laptop, dropped.item, dropped.version):
                    return outcome
                if outcome := self.hopeless(dropped, time.monotonic() - begun):
                    return outcome
        text = f"{path}: no answer within {_ANSWER_SECONDS:.0f} seconds"
        return Outcome(dropped.item, UNANSWERED, text)

    def hopeless(self, dropped: Dropped, waited: float) -> Outcome | None:
        """What is certain without an answer, after so many seconds: it was given up, or no model is
        there to give one, which is said at once and waited for a little."""
        key, path = dropped.item.key, keys.inbox_path(dropped.item.key)
        if why := self._obstacles.given_up(key, dropped.version):
            text = f"{path} lies with the dead letters, {why}. When that is mended, drop it again"
            return Outcome(dropped.item, FAILED, text)
        if not (missing := self._obstacles.missing(key)):
            return None
        models = " and no ".join(missing)
        if self._obstacles.is_training(key):
            self._say(
                f"no {models} is deployed yet; a run is under way: answers come when it is done"
            )
            return None
        what = "TABLE.csv --to datasets/" if keys.is_inbox_table(key) else "DATA.zip"
        self._say(
            f"no {models} is deployed, so that nothing can answer. Drop a data set first:"
            f" {self._prog} drop {what}"
        )
        if waited < _NO_MODEL_SECONDS and not self._obstacles.is_put_off(key):
            return None
        text = f"{path} waits in the inbox, and is answered when there is a model"
        return Outcome(dropped.item, UNANSWERED, text)

    def _looks(self, key: str, path: str) -> Iterator[None]:
        """For as long as an answer may take; while a model is in training, for longer."""
        while True:
            yield from looks(f"an answer to {path}", self._laptop.state, _ANSWER_SECONDS, self._dim)
            if not (self._obstacles.missing(key) and self._obstacles.is_training(key)):
                return

    def _say(self, line: str) -> None:
        """Once."""
        if line not in self._told:
            self._told.add(line)
            self._console.print(Text(line, "yellow"), soft_wrap=True)

    def _dim(self, line: str) -> None:
        self._console.print(Text(line, "dim"), soft_wrap=True)
