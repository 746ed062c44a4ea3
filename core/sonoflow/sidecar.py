"""What whoever uploads a data set says of it: `<name>.mapping.json` beside it, or object metadata.

It settles what the content leaves open. The document is kept as it is: what it may say of images is
in images/mapping.py, of tables in tables/mapping.py, of both in docs/schemas/mapping.schema.json.
It is read when its data set arrives; one that comes later says nothing of what was planned before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import uploaded_json
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused, DocumentInvalid

Document = dict[str, Any]

SUFFIX = ".mapping.json"
METADATA_PREFIX = "sonoflow-"
# It travels in the input of an execution, which holds 256 KB in all.
BYTES_LIMIT = 64 * 1024


def is_mapping(key: str) -> bool:
    return key.lower().endswith(SUFFIX)


def beside(key: str) -> str:
    """The key of a data set's mapping."""
    return key.rpartition(".")[0] + SUFFIX


def invalid(detail: str) -> DatasetRefused:
    return DatasetRefused("mapping-invalid", detail)


@dataclasses.dataclass(frozen=True)
class Keys:
    """What a mapping may say of one kind of data set.

    A check takes a key and its value, and gives the value in its one way to be written; it raises
    DatasetRefused (mapping-invalid). `texts` read what metadata says; all else is a text.
    """

    kind: str  # for messages: "images", "a table"
    checks: Mapping[str, Callable[[str, Any], Any]]
    texts: Mapping[str, Callable[[str, str], Any]]
    together: Callable[[Document], None] = lambda document: None  # what keys may not say at once

    def find(self, upload: Upload) -> Document:
        """The mapping beside an upload, or else the object's metadata, or else empty. Raises
        DatasetRefused (mapping-invalid)."""
        key = beside(upload.key)
        try:
            return self.read(key, client("s3").get_object(Bucket=upload.bucket, Key=key))
        except ClientError as error:
            if not objects.is_missing(error):
                raise
        head = client("s3").head_object(
            Bucket=upload.bucket, Key=upload.key, **objects.versioned(upload.version_id)
        )
        return self.from_metadata(head["Metadata"])

    def read(self, key: str, answer: Mapping[str, Any]) -> Document:
        """The mapping that GetObject answers with. Raises DatasetRefused (mapping-invalid)."""
        try:
            document = uploaded_json.read(answer, BYTES_LIMIT)
        except DocumentInvalid as error:
            raise invalid(f"{key!r} cannot be used: {error}") from error
        return self.parse(document)

    def parse(self, document: Any) -> Document:
        """Checked, in its one way to be written. Raises DatasetRefused (mapping-invalid).

        Also of what was no file: metadata, and the input of an execution that was started by hand.
        """
        try:
            uploaded_json.check(document)
        except DocumentInvalid as error:
            raise invalid(str(error)) from error
        if not isinstance(document, dict):
            raise invalid(f"a JSON object is expected, not {type(document).__name__}")
        if unknown := sorted(set(document) - set(self.checks)):
            known = ", ".join(self.checks)
            raise invalid(f"unknown key {unknown[0]!r}; known are {known}, for {self.kind}")
        checked = {key: self.checks[key](key, document[key]) for key in sorted(document)}
        self.together(checked)
        return checked

    def from_metadata(self, metadata: Mapping[str, str]) -> Document:
        """The same from `sonoflow-<key>`. Raises DatasetRefused (mapping-invalid)."""
        document: Document = {}
        for name, text in metadata.items():
            if name.startswith(METADATA_PREFIX):
                key = name.removeprefix(METADATA_PREFIX)
                read = self.texts.get(key)
                document[key] = read(key, text) if read else text
        return self.parse(document)


def text_list(key: str, text: str) -> Any:
    """A list in metadata: JSON, or names with commas between."""
    return json_text(key, text) if text.startswith("[") else [p.strip() for p in text.split(",")]


def json_text(key: str, text: str) -> Any:
    """What is no plain text in metadata."""
    try:
        return uploaded_json.parse(text, BYTES_LIMIT)
    except DocumentInvalid as error:
        kind = "list" if text.startswith("[") else "object"
        raise invalid(f"{METADATA_PREFIX}{key} is no JSON {kind}: {error}") from error
