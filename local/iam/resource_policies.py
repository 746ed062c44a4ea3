"""The policies that resources themselves have: buckets, queues, topics, functions, keys, roles."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.iam.principals import PARTITION
from local.iam.statements import Statement, read
from local.runtime.runtime import ACCOUNT, REGION


def of(resource: str) -> Sequence[Statement]:
    """The statements of a resource's own policy; none where it has no policy, or is not there."""
    parts = resource.split(":", 5)
    if len(parts) != 6 or parts[2] not in _POLICIES:
        return []
    document = _POLICIES[parts[2]](parts[5])
    return [] if not document else read(f"policy of {parts[2]}:{parts[5].split('/')[0]}", document)


def _of_bucket(name: str) -> str:
    bucket = s3_backends[ACCOUNT][PARTITION].buckets.get(name.split("/", 1)[0])
    return bucket.policy.decode() if bucket is not None and bucket.policy else ""


def _of_queue(name: str) -> str:
    queue = sqs_backends[ACCOUNT][REGION].queues.get(name)
    return str(queue.policy or "") if queue is not None else ""


def _of_topic(name: str) -> str:
    arn = f"arn:{PARTITION}:sns:{REGION}:{ACCOUNT}:{name}"
    topic = sns_backends[ACCOUNT][REGION].topics.get(arn)
    return topic.policy if topic is not None else ""


def _of_function(name: str) -> str:
    try:
        policy = lambda_backends[ACCOUNT][REGION].get_function(name.split(":")[1]).policy
    except UnknownFunctionException:
        return ""
    statements = policy.statements if policy is not None else []
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _of_key(name: str) -> str:
    key = kms_backends[ACCOUNT][REGION].keys.get(name.removeprefix("key/"))
    return str(key.policy or "") if key is not None else ""


def _of_role(name: str) -> str:
    try:
        role = iam_backends[ACCOUNT][PARTITION].get_role(name.rsplit("/", 1)[-1])
    except NotFoundException:
        return ""
    return str(role.assume_role_policy_document or "")


_POLICIES: Mapping[str, Callable[[str], str]] = {
    "s3": _of_bucket,
    "sqs": _of_queue,
    "sns": _of_topic,
    "lambda": _of_function,
    "kms": _of_key,
    "iam": _of_role,
}
