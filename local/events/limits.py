"""What EventBridge refuses of events and patterns.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventPatternParser, EventsBackend

from local.runtime.patch import replace

_REQUEST_BYTES = 1024 * 1024
_TIME_BYTES = 14
# What stands for a value, and what it may be given. moto takes a name that it does not know to
# match anything.
_FILTERS: dict[str, tuple[type, ...]] = {
    "anything-but": (str, int, float, list, dict),
    "cidr": (str,),
    "equals-ignore-case": (str,),
    "exists": (bool,),
    "numeric": (list,),
    "prefix": (str, dict),
    "suffix": (str, dict),
    "wildcard": (str,),
}
_COMPARISONS = ("<", "<=", "=", ">=", ">")


def install() -> None:
    replace(EventsBackend, "put_events", _put_events)
    replace(EventPatternParser, "_validate_event_pattern", _validate)


def _put_events(original: Any) -> Any:
    """moto: events of any size, from AWS itself too, with any JSON for a detail. AWS: a megabyte
    in all, and an entry's own failure is that entry's."""

    def put_events(backend: EventsBackend, events: Sequence[Mapping[str, Any]]) -> list[Any]:
        if sum(map(_size, events)) > _REQUEST_BYTES:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        refused = [_refusal(event) for event in events]
        accepted = [event for event, reason in zip(events, refused, strict=True) if reason is None]
        answers = iter(original(backend, accepted))
        return [next(answers) if reason is None else reason for reason in refused]

    return put_events


def _refusal(event: Mapping[str, Any]) -> dict[str, str] | None:
    if str(event.get("Source") or "").lower().startswith("aws."):
        return {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
    try:
        is_object = isinstance(json.loads(event.get("Detail") or "{}"), dict)
    except ValueError:
        is_object = False
    if is_object:
        return None
    return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def _size(event: Mapping[str, Any]) -> int:
    texts = [event.get(name) or "" for name in ("Source", "DetailType", "Detail")]
    texts += event.get("Resources") or []
    return sum(len(text.encode()) for text in texts) + (
        0 if event.get("Time") is None else _TIME_BYTES
    )


def _validate(original: Any) -> Any:
    """moto: whatever stands in an array. AWS: values, and filters that it knows."""

    def validate_event_pattern(parser: EventPatternParser, pattern: Any) -> None:
        if not isinstance(pattern, dict):
            raise InvalidEventPatternException(reason="Filter is not an object")
        _check_object(pattern)
        original(parser, {name: value for name, value in pattern.items() if name != "$or"})

    return validate_event_pattern


def _check_object(pattern: Mapping[str, Any]) -> None:
    for name, value in pattern.items():
        if name == "$or":
            _check_alternatives(value)
        elif isinstance(value, list):
            for choice in value:
                _check_choice(choice)


def _check_alternatives(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise InvalidEventPatternException(reason='"$or" must be an array of objects')
    for each in value:
        EventPatternParser(None)._validate_event_pattern(each)


def _check_choice(choice: Any, negated: bool = False) -> None:
    if isinstance(choice, list):
        raise InvalidEventPatternException(
            reason="Match value must be String, number, true, false, or null"
        )
    if not isinstance(choice, dict):
        return
    if len(choice) != 1:
        raise InvalidEventPatternException(reason="Only one key allowed in match expression")
    ((name, value),) = choice.items()
    if name not in _FILTERS:
        raise InvalidEventPatternException(reason=f"Unrecognized match type {name}")
    given = type(value)
    several = negated and given is list  # { "anything-but": { "prefix": ["a", "b"] } }
    if not (several or given in _FILTERS[name]) or value in ([], {}):
        raise InvalidEventPatternException(reason=f"{name} match pattern has a wrong value")
    if name == "numeric":
        _check_numeric(value)
    elif name == "wildcard" and "**" in value:
        raise InvalidEventPatternException(reason="Consecutive wildcard characters")
    elif name == "anything-but" and given is dict:
        _check_choice(value, negated=True)


def _check_numeric(value: list[Any]) -> None:
    pairs = list(zip(value[::2], value[1::2], strict=False))
    sound = all(
        comparison in _COMPARISONS and type(number) in (int, float) for comparison, number in pairs
    )
    if len(value) not in (2, 4) or not sound:
        raise InvalidEventPatternException(reason="Bad numeric range operator")
