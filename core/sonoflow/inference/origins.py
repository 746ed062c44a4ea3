"""Which models made an object of an answer, as its metadata says it.

Metadata and not tags: they come with the same conditional write, cost nothing and cannot be changed
afterwards. A version of a model names nobody.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

ROLES = ("classifier", "segmenter", "table")
_NAME = "sonoflow-model-{}"


def metadata(versions: Mapping[str, str]) -> dict[str, str]:
    """Of a model of each role, its version; S3 takes ASCII."""
    return {_NAME.format(role): urllib.parse.quote(versions[role]) for role in versions}


def read(metadata: Mapping[str, str]) -> dict[str, str]:
    """Role → version, as far as it is said."""
    named = {role: metadata.get(_NAME.format(role)) for role in ROLES}
    return {role: urllib.parse.unquote(version) for role, version in named.items() if version}


def dataset_version(version: str) -> str | None:
    """That a release was made of: its version begins with it."""
    found = re.match(r"([0-9a-f]{12})-", version)
    return found[1] if found else None
