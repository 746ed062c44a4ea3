"""A folder that is watched: what appears in it is dropped, and the answers are left beside it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.dropping import answers, runs, saved
from local.dropping.drop import Asking, Dropped
from local.dropping.items import DATASET_SUFFIXES, Item
from local.dropping.outcomes import UNANSWERED, Outcome
from local.laptop import folders, uploads
from local.laptop.client import Laptop
from local.runtime.failures import Failure
from sonoflow import keys, sidecar

_POLL_SECONDS = 0.5
_STILL_SECONDS = 1.0  # that a file's size and time have to stay, before it counts as complete
_ASKED_AT_ONCE = 8  # answers that are looked for in one turn


class NoFolder(Failure):
    """There is nothing to be watched; says why."""


@dataclasses.dataclass(frozen=True)
class _Look:
    """A file as it was seen; `since` is when it was first seen so."""

    size: int
    changed: float
    since: float


class Watch:
    """Of one folder, with all below it. What has an answer beside it that is younger is left alone,
    so that watching can be stopped and begun again."""

    def __init__(self, laptop: Laptop, folder: Path, console: Console, prog: str) -> None:
        """Raises NoFolder."""
        if not folder.is_dir():
            raise NoFolder(f"{folder} is not a folder")
        self._laptop, self._folder, self._console, self._prog = laptop, folder, console, prog
        self._seen: dict[Path, _Look] = {}
        self._done: set[tuple[Path, float]] = set()  # path and time of change
        self._waiting: dict[Dropped, float] = {}  # and since when
        self._asking = Asking(laptop, console, prog)

    def until_idle(self, seconds: float | None) -> int:
        """Until Ctrl-C; or until nothing has come and nothing was open for so long."""
        self._say(f"watching {self._folder}; answers are left beside the files. Ctrl-C ends it")
        busy = time.monotonic()
        try:
            while seconds is None or time.monotonic() - busy < seconds:
                if self.turn():
                    busy = time.monotonic()
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            self._say(f"stopped; {len(self._waiting)} files have no answer yet")
        return 0

    def turn(self) -> bool:
        """One look: drops what is complete, keeps what was answered. Whether anything is open."""
        new = list(self._complete())
        for path in new:
            self._drop(path)
        for dropped in list(self._waiting)[:_ASKED_AT_ONCE]:
            self._ask(dropped)
        return bool(new or self._waiting or self._unsettled())

    def _complete(self) -> Iterator[Path]:
        """Files that are new, and have not grown for a while."""
        now = time.monotonic()
        for path in folders.files(self._folder):
            if not self._is_wanted(path):
                continue
            try:
                found = path.stat()
            except OSError:
                continue  # it has gone again
            look = self._seen.get(path)
            if look is None or (look.size, look.changed) != (found.st_size, found.st_mtime):
                self._seen[path] = _Look(found.st_size, found.st_mtime, now)
            elif now - look.since >= _STILL_SECONDS and self._is_open(path, look):
                self._done.add((path, look.changed))
                yield path

    def _unsettled(self) -> bool:
        return any(self._is_open(path, look) for path, look in self._seen.items() if path.exists())

    def _is_open(self, path: Path, look: _Look) -> bool:
        return (path, look.changed) not in self._done and not _is_answered(path, look.changed)

    def _is_wanted(self, path: Path) -> bool:
        """A file to be dropped: no hidden one, no answer, no mapping, nothing of another kind."""
        hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
        if hidden or sidecar.is_mapping(path.name) or _is_answer(path):
            return False
        suffix = path.suffix.lower()
        if suffix in DATASET_SUFFIXES or suffix == keys.INBOX_TABLE_SUFFIX:
            return True
        try:
            return folders.is_answerable(path)
        except OSError:
            return False

    def _drop(self, path: Path) -> None:
        item = Item(path, self._key(path), path)
        beside = folders.mapping_of(path)
        try:
            if item.is_dataset and beside.is_file():
                uploads.put(self._laptop, beside, sidecar.beside(item.key))
            dropped = Dropped(item, uploads.put(self._laptop, path, item.key))
        except FileNotFoundError:
            return  # it has gone again
        self._say(f"dropped {path} as {item.key}")
        if item.is_dataset:
            self._keep(
                runs.await_run(self._laptop, item, dropped.version, self._console, self._prog)
            )
        else:
            self._waiting[dropped] = time.monotonic()

    def _key(self, path: Path) -> str:
        inside = path.relative_to(self._folder).as_posix()
        if path.suffix.lower() in DATASET_SUFFIXES:
            return f"{keys.DATASETS}{inside.replace('/', '-')}"
        return f"{keys.INBOX}{self._folder.resolve().name}/{inside}"

    def _ask(self, dropped: Dropped) -> None:
        """Of those that have no answer yet the others come first the next time."""
        since = self._waiting.pop(dropped)
        outcome = answers.look(self._laptop, dropped.item, dropped.version)
        # What waits for a model is told of, and answered when there is one.
        outcome = outcome or self._asking.hopeless(dropped, 0)
        if outcome is None or outcome.kind == UNANSWERED:
            self._waiting[dropped] = since
        else:
            self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        saved.write(self._laptop, outcome, outcome.item.origin)
        self._console.print(Text(outcome.text, "" if outcome.is_good else "red"), soft_wrap=True)

    def _say(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


def _is_answer(path: Path) -> bool:
    """Whether it was left beside a file that is there."""
    return any(
        path.name.endswith(f".{kind}")
        and path.with_name(path.name.removesuffix(f".{kind}")).exists()
        for kind in saved.KINDS
    ) or (path.suffix == ".html")


def _is_answered(path: Path, changed: float) -> bool:
    beside = (path.with_name(f"{path.name}.{kind}") for kind in saved.KINDS)
    return any(one.exists() and one.stat().st_mtime >= changed for one in beside)
