"""Conditions of policy statements: operators and the keys of a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

# Key → its values in this request; a key that the request does not carry is absent. Several values
# only where AWS documents the key as multivalued.
Context = Mapping[str, Sequence[str]]


class NotKnown(NotImplementedError):
    """The laptop's IAM cannot tell what AWS would decide, and does not guess."""


def met(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every condition holds.

    Keys are compared without case, as AWS does. Raises NotKnown for an operator or a key that is
    not implemented here.
    """
    held = {key.lower(): tuple(values) for key, values in context.items()}
    return all(
        _holds(operator, wanted, held.get(key.lower(), ()), key)
        for operator, wanted_by_key in conditions.items()
        for key, wanted in wanted_by_key.items()
    )


def _holds(operator: str, wanted: Any, found: Sequence[str], key: str) -> bool:
    quantifier, _, name = operator.rpartition(":")
    name, if_exists = name.removesuffix("IfExists"), name.endswith("IfExists")
    if not _is_known(key):
        raise NotKnown(f"the condition key {key} is not implemented by the laptop runtime")
    choices = [_text(choice) for choice in (wanted if isinstance(wanted, list) else [wanted])]
    if name == "Null":
        return any((choice == "true") is (not found) for choice in choices)
    negated = name in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(name, name))
    if compare is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise NotKnown(f"the condition operator {operator} is not implemented")
    if not found:  # a negated operator holds for a key that is absent, a plain one does not
        return quantifier != "ForAnyValue" and (if_exists or negated or bool(quantifier))
    results = [
        any(_same(compare, choice, value) for choice in choices) is not negated for value in found
    ]
    return any(results) if quantifier == "ForAnyValue" else all(results)


def _same(compare: Callable[[str, str], bool], wanted: str, found: str) -> bool:
    try:
        return compare(wanted, found)
    except ValueError:  # no number, date or network
        return False


def like(pattern: str, text: str) -> bool:
    """With `*` for any characters and `?` for one, and nothing else that is special."""
    return _pattern(pattern).fullmatch(text) is not None


def arn_like(pattern: str, arn: str) -> bool:
    """Each of the six parts by itself: no wildcard stands for two, but for a lone `*`."""
    return pattern == "*" or _arn_pattern(pattern).fullmatch(arn) is not None


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(_translated(pattern, "."), re.DOTALL)


@functools.lru_cache(maxsize=4096)
def _arn_pattern(pattern: str) -> re.Pattern[str]:
    *parts, last = pattern.split(":", 5)
    if len(parts) != 5:
        return re.compile("(?!)")  # no ARN, like none
    translated = [_translated(part, "[^:]") for part in parts]
    return re.compile(":".join((*translated, _translated(last, "."))), re.DOTALL)


def _translated(pattern: str, any_character: str) -> str:
    special = {"*": f"{any_character}*", "?": any_character}
    return "".join(special.get(character) or re.escape(character) for character in pattern)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _within(network: str, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


_Compare = Callable[[str, str], bool]
# wanted, found
_OPERATORS: dict[str, _Compare] = {
    "StringEquals": lambda wanted, found: wanted == found,
    "StringEqualsIgnoreCase": lambda wanted, found: wanted.lower() == found.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "BinaryEquals": lambda wanted, found: wanted == found,
    "IpAddress": _within,
    "NumericEquals": lambda wanted, found: float(found) == float(wanted),
    "NumericLessThan": lambda wanted, found: float(found) < float(wanted),
    "NumericLessThanEquals": lambda wanted, found: float(found) <= float(wanted),
    "NumericGreaterThan": lambda wanted, found: float(found) > float(wanted),
    "NumericGreaterThanEquals": lambda wanted, found: float(found) >= float(wanted),
    "DateEquals": lambda wanted, found: _moment(found) == _moment(wanted),
    "DateLessThan": lambda wanted, found: _moment(found) < _moment(wanted),
    "DateLessThanEquals": lambda wanted, found: _moment(found) <= _moment(wanted),
    "DateGreaterThan": lambda wanted, found: _moment(found) > _moment(wanted),
    "DateGreaterThanEquals": lambda wanted, found: _moment(found) >= _moment(wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}

# The keys that this runtime fills in whenever AWS would; any other may be one that it forgets.
_KEYS: Collection[str] = frozenset(
    key.lower()
    for key in (
        *("aws:CurrentTime", "aws:EpochTime", "aws:RequestedRegion", "aws:SecureTransport"),
        *("aws:SourceIp", "aws:ResourceAccount", "aws:TagKeys", "aws:ViaAWSService"),
        *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalIsAWSService"),
        *("aws:PrincipalServiceName", "aws:PrincipalType", "aws:userid"),
        *("aws:SourceAccount", "aws:SourceArn", "aws:SourceOwner"),
        *("iam:PassedToService", "iam:AWSServiceName"),
        *("s3:if-match", "s3:if-none-match", "s3:ObjectCreationOperation", "s3:prefix"),
        *("s3:delimiter", "s3:VersionId", "s3:x-amz-server-side-encryption"),
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "events:source",
        *("cloudwatch:namespace", "application-autoscaling:service-namespace"),
        *("kms:ViaService", "kms:GrantIsForAWSResource", "kms:CallerAccount"),
        "kms:EncryptionContext:aws:s3:arn",
        *("lambda:FunctionArn", "lambda:SourceFunctionArn"),
    )
)


def _is_known(key: str) -> bool:
    return key.lower() in _KEYS or key.lower().startswith("aws:requesttag/")
