"""The test split's images, dropped into the inbox, and what comes back for them."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from PIL import Image
from rich.console import Console

from local.laptop import results
from local.laptop.client import Laptop
from local.laptop.progress import RunWatch
from local.runtime.failures import Failure

ANSWER_TIMEOUT = 300.0  # seconds, all images together


class DemoFailed(Failure):
    """The main job did not come to its end; says where and why."""


@dataclasses.dataclass(frozen=True)
class TestImage:
    """One image of the test split, as it lies in the archive, and what is known of it."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    id: str
    label: str
    source: str
    mask_key: str | None

    @property
    def inbox_path(self) -> str:
        return f"demo/{self.id}{PurePosixPath(self.source).suffix.lower()}"


class Inbox:
    """Drops the test split's images into the inbox and collects what comes back."""

    def __init__(self, laptop: Laptop, watch: RunWatch, out: Path) -> None:
        self._laptop, self._out = laptop, out
        self._s3 = laptop.client("s3")
        self._uploads = laptop.outputs["UploadsBucketName"]
        self._work = laptop.outputs["WorkBucketName"]
        self._results = laptop.outputs["ResultsBucketName"]
        given = json.loads(watch.outcome()["input"])["dataset"]
        self._dataset = f"{given['name']}/{given['version']}"

    def drop_test_images(self, archive: Path) -> list[TestImage]:
        body = self._get(self._work, f"datasets/{self._dataset}/index.jsonl")
        entries = [json.loads(line) for line in body.splitlines()]
        images = [
            TestImage(e["id"], e["class"], e["source"], e["mask"])
            for e in entries
            if e["split"] == "test"
        ]
        with zipfile.ZipFile(archive) as members:
            for image in images:
                self._s3.put_object(
                    Bucket=self._uploads,
                    Key=f"inbox/{image.inbox_path}",
                    Body=members.read(image.source),
                )
        return images

    def wait(self, images: list[TestImage], console: Console) -> None:
        """Until each image is answered. Raises DemoFailed when one is rejected or stays away."""
        waiting = {image.inbox_path for image in images}
        deadline = time.monotonic() + ANSWER_TIMEOUT
        with console.status("") as status:
            while waiting:
                if rejected := next(self._keys("rejected/demo/"), None):
                    raise DemoFailed(self._get(self._results, rejected).decode())
                if time.monotonic() > deadline:
                    raise DemoFailed(f"no answer for {sorted(waiting)} in {ANSWER_TIMEOUT:.0f} s")
                answered = {
                    key.removeprefix("predictions/").removesuffix(".json")
                    for key in self._keys("predictions/demo/")
                }
                waiting -= answered
                status.update(f"{len(images) - len(waiting)} of {len(images)} images answered")
                time.sleep(0.2)
        console.print(f"{len(images)} images answered")

    def list_answers(self, images: list[TestImage]) -> None:
        """Write `answers.csv` to `out`: a line for each answer. Raises DemoFailed."""
        missing, rows = {image.inbox_path for image in images}, list[results.Row]()
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while missing:  # an answer is indexed a moment after it is there
            if time.monotonic() > deadline:
                raise DemoFailed(f"{sorted(missing)} are not in the index of answers")
            rows = results.answers(self._s3, self._results, since=None)
            missing -= {row["path"] for row in rows}
        (self._out / "answers.csv").write_text(results.as_csv(rows), encoding="utf-8")

    def collect(self) -> None:
        """Copy every prediction, mask, overlay, case for review and report from the results bucket
        to `out`."""
        for prefix in ("predictions/", "masks/", "overlays/", "review/", "reports/"):
            for key in self._keys(prefix):
                path = self._out / key
                path.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(self._results, key, str(path))
        # The models' own reports, which the report links to, lie beside it in a folder each.
        reports = self._out / "reports" / self._dataset
        unlinked = shutil.ignore_patterns("*.evaluation.json")
        shutil.copytree(reports, self._out, ignore=unlinked, dirs_exist_ok=True)

    def true_mask(self, image: TestImage) -> Image.Image | None:
        if image.mask_key is None:
            return None
        body = self._get(self._work, f"datasets/{self._dataset}/{image.mask_key}")
        return Image.open(io.BytesIO(body))

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._results, Prefix=prefix
        )
        yield from (item["Key"] for page in pages for item in page.get("Contents", []))

    def _get(self, bucket: str, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body
