"""Every S3 key and URI of the system, written and read in this one place."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from sonoflow import dicom_names, payloads
from sonoflow.errors import PayloadInvalid

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
DATASETS = "datasets/"
INBOX = "inbox/"
SWEEP = "sweeps/state.json"  # what one sweep leaves for the next
FEEDBACK = "feedback/"
EXTERNAL = "external/"  # sets that are judged, and never trained on
INDEX = "index/"
REVIEW = "review/"
BULK = "bulk/"
DOCUMENTS = ("predictions/", "rejected/")  # one of which completes an image's answer
INBOX_TABLE_SUFFIX = ".csv"
# A zip of images, and a manifest that lists some; what else is in the inbox is taken for an image.
INBOX_ARCHIVE_SUFFIX, INBOX_MANIFEST_SUFFIX = ".zip", ".jsonl"
BYTES_LIMIT = 1024  # of a key in S3
_NAME_LIMIT = 32
WITH_FEEDBACK = "+feedback"  # what is uploaded under such a name is a version of the plain one
_VERSION_DIGITS = 12


@dataclasses.dataclass(frozen=True)
class Dataset:
    """One version of a data set, and where its parts lie in the work bucket."""

    name: str
    version: str

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Dataset:
        """From the `dataset` of a state's input. Raises PayloadInvalid."""
        name = payloads.field(payload, "dataset.name", str)
        version = payloads.field(payload, "dataset.version", str)
        # Both become part of keys: anything else would write outside the data set's prefix.
        if not re.fullmatch(r"[a-z0-9-]{1,32}", name):
            raise PayloadInvalid(f"'dataset.name' is no data set's name: {name!r}")
        if not re.fullmatch(r"[0-9a-f]{12}", version):
            raise PayloadInvalid(f"'dataset.version' is no digest of 12 digits: {version!r}")
        return cls(name, version)

    @property
    def run(self) -> str:
        return f"{self.name}-{self.version}"

    @property
    def prefix(self) -> str:
        return f"{DATASETS}{self.name}/{self.version}/"

    @property
    def plan(self) -> str:
        return f"{self.prefix}plan.json"

    @property
    def plan_part(self) -> str:
        """What the plan itself set aside."""
        return f"{self.prefix}parts/plan.json"

    def part(self, number: int) -> str:
        return f"{self.prefix}parts/{number:05d}.json"

    @property
    def index(self) -> str:
        return f"{self.prefix}index.jsonl"

    @property
    def quarantine(self) -> str:
        return f"{self.prefix}quarantine.jsonl"

    @property
    def assumptions(self) -> str:
        return f"{self.prefix}assumptions.json"

    @property
    def origin(self) -> str:
        """Which version a version continues, where it does."""
        return f"{self.prefix}origin.json"

    @property
    def duplicates(self) -> str:
        return f"{self.prefix}duplicates.jsonl"

    @property
    def folds(self) -> str:
        return f"{self.prefix}splits/folds.json"

    @property
    def kept_splits(self) -> str:
        """Shared by all versions of a data set: where its images went, if splits are stable."""
        return f"{DATASETS}{self.name}/kept_splits.json"

    @property
    def table(self) -> str:
        """What scoring must know of a table."""
        return f"{self.prefix}table.json"

    @property
    def table_statistics(self) -> str:
        return f"{self.prefix}table_statistics.json"

    def rows(self, split: str, number: int) -> str:
        """A shard of a table's split, as models read it."""
        return f"{self.prefix}{staged_rows(split, number)}.recordio"

    def row_names(self, split: str, number: int) -> str:
        """Which rows of the upload a shard holds."""
        return f"{self.prefix}{staged_rows(split, number)}.csv"

    def manifest(self, split: str) -> str:
        return f"{self.prefix}splits/{split}.manifest"

    def report(self, suffix: str) -> str:
        return f"{self.prefix}report.{suffix}"

    def published(self, name: str) -> str:
        """A report's place in the results bucket."""
        return f"reports/{self.name}/{self.version}/{name}"


def dataset_name(key: str) -> str:
    """`datasets/My Data (1).zip` → `my-data-1`; `datasets/busi+feedback.zip` → `busi`."""
    stem = PurePosixPath(key).stem.lower().removesuffix(WITH_FEEDBACK)
    return slug(stem)[:_NAME_LIMIT].strip("-") or "dataset"


def slug(text: str) -> str:
    """Lower-case letters and digits, everything else one hyphen; may be empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def dataset_version(
    members: Iterable[tuple[str, int, int]], mapping: Mapping[str, Any] | None = None
) -> str:
    """The content digest of an archive, from its members' (name, CRC-32, size) and what its
    mapping says, if there is one."""
    digest = hashlib.sha256()
    for name, crc, size in sorted(members):
        digest.update(f"{name}\0{crc:08x}\0{size}\n".encode())
    if mapping:
        digest.update(_canonical(mapping))
    return digest.hexdigest()[:_VERSION_DIGITS]


def table_version(content: Iterable[bytes], mapping: Mapping[str, Any]) -> str:
    """The digest of a table, from its bytes in chunks and what its mapping says of them."""
    digest = hashlib.sha256()
    for chunk in content:
        digest.update(chunk)
    digest.update(_canonical(mapping))
    return digest.hexdigest()[:_VERSION_DIGITS]


def _canonical(mapping: Mapping[str, Any]) -> bytes:
    text = json.dumps(mapping, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return b"\0" + text.encode()


def image_id(source: str) -> str:
    """Names may hold a patient's data; this does not, and stays the same."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def staged_image(label: str, identity: str) -> str:
    """Relative to the data set's prefix, as in manifests."""
    return f"images/{label}/{identity}.png"


def staged_mask(label: str, identity: str) -> str:
    return f"masks/{label}/{identity}.png"


def staged_rows(split: str, number: int) -> str:
    """Relative to the data set's prefix, without extension."""
    return f"rows/{split}/part-{number:05d}"


def inbox_path(key: str) -> str:
    """`inbox/ward3/scan.png` → `ward3/scan.png`. Raises PayloadInvalid."""
    path = key.removeprefix(INBOX)
    if path == key or not path:
        raise PayloadInvalid(f"{key!r} is no object of the inbox")
    return path


def is_inbox_table(key: str) -> bool:
    """Whether an object of the inbox is to be scored row by row.

    By the key's end alone, in whatever case: that is what the template's TableInboxRule can ask.
    """
    return key.lower().endswith(INBOX_TABLE_SUFFIX)


def is_inbox_archive(key: str) -> bool:
    """Whether an object of the inbox is a zip of images, by its end alone, in whatever case."""
    return key.lower().endswith(INBOX_ARCHIVE_SUFFIX)


def is_inbox_manifest(key: str) -> bool:
    """Whether an object of the inbox lists others, by its end alone, all in lower or upper case:
    as many cases as five letters have are more than a rule takes."""
    return key.endswith((INBOX_MANIFEST_SUFFIX, INBOX_MANIFEST_SUFFIX.upper()))


def is_inbox_bulk(key: str) -> bool:
    """Whether an object of the inbox stands for many, as the template's rule can ask it."""
    return is_inbox_archive(key) or is_inbox_manifest(key)


@dataclasses.dataclass(frozen=True)
class Bulk:
    """The answering of one version of a zip or manifest, and where its parts lie in the work
    bucket."""

    key: str  # of the zip or manifest
    version_id: str | None

    @property
    def run(self) -> str:
        identity = image_id("\0".join((self.key, str(self.version_id))))
        return f"bulk-{identity}"

    @property
    def prefix(self) -> str:
        return f"{BULK}{self.run.removeprefix('bulk-')}/"

    @property
    def plan(self) -> str:
        return f"{self.prefix}plan.json"

    @property
    def refused(self) -> str:
        """What the plan itself left out."""
        return f"{self.prefix}refused.json"

    def part(self, number: int) -> str:
        return f"{self.prefix}parts/{number:05d}.json"


def bulk(path: str) -> str:
    """The summary of a zip or manifest."""
    return f"{BULK}{result(path)}.json"


def bulk_rows(path: str, suffix: str) -> str:
    return f"{BULK}{result(path)}.{suffix}"


def prediction(path: str) -> str:
    return f"predictions/{result(path)}.json"


def rejection(path: str) -> str:
    return f"rejected/{result(path)}.json"


def mask(path: str) -> str:
    return f"masks/{result(path)}.png"


def overlay(path: str) -> str:
    return f"overlays/{result(path)}.png"


def review(path: str) -> str:
    return f"{REVIEW}{result(path)}.json"


def dicom_results(path: str) -> dict[str, str]:
    """By kind, those that the answer to such an inbox path may have."""
    kinds = dicom_names.RESULTS * dicom_names.may_be(path)
    return {kind: f"dicom/{result(path)}.{kind}.dcm" for kind in kinds}


def scores(path: str) -> str:
    return f"scores/{result(path)}.csv"


def inbox_answers(path: str) -> tuple[str, ...]:
    """Every key that an inbox path's answer may have; each of the first two can complete one."""
    if is_inbox_table(path):
        return scores(path), rejection(path)
    if is_inbox_bulk(path):
        return bulk(path), rejection(path), bulk_rows(path, "csv"), bulk_rows(path, "jsonl")
    pictures = mask(path), overlay(path), review(path), *dicom_results(path).values()
    return prediction(path), rejection(path), *pictures


def index_entry(day: str, identity: str) -> str:
    """`day` as in 2026-12-01: the partition in which Athena finds it."""
    return f"{INDEX}dt={day}/{identity}.jsonl"


def refusal(upload_key: str) -> str:
    return f"refused/{_shortened(upload_key, BYTES_LIMIT - len('refused/.json'))}.json"


def result(path: str) -> str:
    """An inbox path as it is in the keys of all its results: as long as the longest of them may."""
    return _shortened(path, BYTES_LIMIT - len("predictions/.json"))


def _shortened(path: str, limit: int) -> str:
    """What has more bytes in UTF-8 is cut and ends in `~` and 32 hex digits of its SHA-256."""
    encoded = path.encode()
    if len(encoded) <= limit:
        return path
    digest = hashlib.sha256(encoded).hexdigest()[:32]
    return f"{encoded[: limit - 1 - len(digest)].decode('utf-8', 'ignore')}~{digest}"


def code_archive(sha256: str) -> str:
    return f"code/{sha256}.tar.gz"


def weights(sha256: str) -> str:
    return f"weights/{sha256}.safetensors"


def training_output(release: str, name: str) -> str:
    return f"training/{release}/output/{name}"


def checkpoints(release: str) -> str:
    return f"checkpoints/{release}"


def evaluation(release: str) -> str:
    return f"training/{release}/evaluation.json"


def comparison(release: str) -> str:
    """How a release compares with the model that was in service."""
    return f"training/{release}/comparison.json"


def champion_answers(release: str, champion: str, start: int) -> str:
    """Of the model in service, to images of a release's test split from a place on."""
    return f"training/{release}/champion/{champion}/{start:06d}.json"


def beside(key: str, name: str) -> str:
    """In the folder of another object."""
    return f"{key.rpartition('/')[0]}/{name}"


def uri(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"


def parse_uri(text: str) -> tuple[str, str]:
    """`s3://bucket/key` → bucket, key. Raises PayloadInvalid."""
    match = re.fullmatch(r"s3://([^/]+)/(.+)", text, re.DOTALL)
    if not match:
        raise PayloadInvalid(f"{text!r} is no S3 URI of an object")
    return match[1], match[2]


def release_table(release: str) -> str:
    """The table that a release was trained on, for whoever asks its endpoint."""
    return f"training/{release}/table.json"
