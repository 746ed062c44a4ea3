"""A small table of the inbox, its model and its endpoint, as unit tests see them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from sonoflow import keys, settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference import table_inbox
from sonoflow.inference.answers import Overtaken
from sonoflow.inference.table_rejections import Tally
from tests.unit import stack
from tests.unit.fake_endpoints import TABLE, FakeEndpoints, linear_scores

KEY = "inbox/ward3/rows.csv"
SCORES, REJECTED = "scores/ward3/rows.csv.csv", "rejected/ward3/rows.csv.json"
ROWS = b"a1,B,40,1\na2,M,90,2.5\na3,,50,3\n"
VERSION = "0a1b2c3d4e5f-5e3a91c0"
RELEASE = f"{TABLE}-{VERSION}"
DOCUMENT: dict[str, Any] = {
    "schema_version": 1,
    "dataset": {"name": "wdbc", "version": "0a1b2c3d4e5f"},
    "columns": ["id", "diagnosis", "radius", "texture"],
    "header": False,
    "delimiter": ",",
    "label": {"column": "diagnosis", "classes": ["B", "M"]},
    "id": "id",
    "features": ["radius", "texture"],
    "missing": ["", "?", "NA", "nan"],
    "dropped": {},
    "engineered": False,
    "standardise": None,
    "written": 2,
}


@contextlib.contextmanager
def served(endpoints: FakeEndpoints) -> Iterator[None]:
    """The table's endpoint, in service with RELEASE, whose score is radius / 100."""
    endpoints.answers[TABLE] = linear_scores
    deploy(endpoints, RELEASE)
    with endpoints.describing(client("sagemaker")):
        yield


def deploy(endpoints: FakeEndpoints, release: str, **changes: Any) -> None:
    """Makes the endpoint serve a release, which was trained on DOCUMENT with the changes."""
    endpoints.described[TABLE] = {"EndpointConfigName": release}
    document = json.dumps(DOCUMENT | changes)
    stack.write(stack.WORK, keys.release_table(release), document)


def upload(data: bytes, sequencer: str = "0055AED6DCD90281E5") -> Upload:
    """A new version of the table in the inbox."""
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=KEY, Body=data)
    return Upload(stack.UPLOADS, KEY, answer["VersionId"], len(data), sequencer)


def score(item: Upload) -> Tally | None:
    """None where there is nothing to do."""
    with contextlib.suppress(Overtaken):
        return table_inbox.score(item, settings.read(settings.Buckets), TABLE)
    return None


def rejection() -> Any:
    return stack.read_json(stack.RESULTS, REJECTED)
