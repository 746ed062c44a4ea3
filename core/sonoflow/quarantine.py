"""Files that are not used, each with the reason why."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class SetAside:
    """A file that is not used, and why: a code for machines and a sentence for people."""

    source: str
    reason: str
    detail: str

    def document(self) -> dict[str, str]:
        return dataclasses.asdict(self)
