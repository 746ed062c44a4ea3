"""Of which version of an inbox key, and of which attempt at it, an object of an answer is."""

from __future__ import annotations

import dataclasses
import functools
import secrets
import time
from collections.abc import Mapping

from sonoflow.aws import uploads
from sonoflow.aws.uploads import Upload

# Of every object of an answer, in its metadata.
_SEQUENCER, _VERSION, _ATTEMPT = "sonoflow-sequencer", "sonoflow-version-id", "sonoflow-attempt"


@dataclasses.dataclass(frozen=True)
@functools.total_ordering
class Stamp:
    """A later version of the key is greater; of one version, later attempts."""

    sequencer: str
    version_id: str | None
    attempt: str  # grows with the time at which the work began

    @classmethod
    def of(cls, upload: Upload) -> Stamp:
        """That of a new attempt."""
        # Nanoseconds, and chance, as text that sorts by time. What is delivered again comes seconds
        # later, by any machine's clock.
        attempt = f"{time.time_ns():016x}-{secrets.token_hex(4)}"
        return cls(upload.sequencer, upload.version_id, attempt)

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> Stamp:
        """Without any it is of a time before there were stamps, and earlier than all."""
        known = metadata.get
        return cls(known(_SEQUENCER, ""), known(_VERSION), known(_ATTEMPT, ""))

    def metadata(self) -> dict[str, str]:
        version = {} if self.version_id is None else {_VERSION: self.version_id}
        return {_SEQUENCER: self.sequencer, _ATTEMPT: self.attempt, **version}

    def is_of_version(self, other: Stamp) -> bool:
        """Of the other's version, by whichever attempt."""
        if other.version_id is not None:
            return self.version_id == other.version_id
        return bool(other.sequencer) and self.sequencer == other.sequencer

    def __lt__(self, other: Stamp) -> bool:
        if uploads.is_newer(other.sequencer, self.sequencer):
            return True
        return not uploads.is_newer(self.sequencer, other.sequencer) and (
            self.attempt < other.attempt
        )
