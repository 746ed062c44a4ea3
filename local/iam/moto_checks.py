"""moto's own looks into buckets' policies, which stand aside: the guard has decided already.

moto takes conditions as met whatever they say, and knows nothing of the request.
"""

from __future__ import annotations

from collections.abc import Callable

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.runtime.patch import replace
from local.runtime.runtime import Runtime


def install(runtime: Runtime) -> None:
    replace(FakeBucket, "get_permission", _decided_already)


def _decided_already(_original: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    return get_permission
