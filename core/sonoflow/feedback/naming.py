"""The keys of verdicts, and of what becomes of them."""

from __future__ import annotations

from sonoflow import keys
from sonoflow.errors import PayloadInvalid

SUFFIX = ".json"
ACCEPTED = "accepted"  # the status of a reply whose verdict counts


def path_of(key: str) -> str:
    """`feedback/ward3/scan.png.json` → `ward3/scan.png`, an inbox path. Raises PayloadInvalid."""
    path = key.removeprefix(keys.FEEDBACK)
    if path == key or not path.removesuffix(SUFFIX):
        raise PayloadInvalid(f"{key!r} is no verdict on an object of the inbox")
    return path.removesuffix(SUFFIX)


def reply(key: str) -> str:
    """The reply to whatever lies below feedback/; what is no verdict never stands for one."""
    path = path_of(key)
    return f"{keys.FEEDBACK}{keys.result(path if key.endswith(SUFFIX) else path + '~')}.json"


def image(digest: str) -> str:
    """An image that was judged, by the digest of its pixels; in the work bucket."""
    return f"{keys.FEEDBACK}images/{digest}.png"


def mask(digest: str) -> str:
    return f"{keys.FEEDBACK}masks/{digest}.png"


def dataset(name: str) -> str:
    """The upload that goes on from a data set with what was judged; `dataset_name` gives `name`."""
    return f"{keys.DATASETS}{name}{keys.WITH_FEEDBACK}.zip"
