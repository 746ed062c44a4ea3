"""One thing that somebody must be allowed."""

from __future__ import annotations

import dataclasses

from local.iam.conditions import Context


@dataclasses.dataclass(frozen=True)
class Need:
    """An action on a resource, with the facts of the request."""

    action: str  # sagemaker:CreateModel
    resource: str  # its ARN, or * where the action knows none
    facts: Context = dataclasses.field(default_factory=dict)
