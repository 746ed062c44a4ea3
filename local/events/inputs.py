"""What a rule's target receives of an event: all of it, a part, a constant, or a template.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from typing import Any

_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")


def target_input(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """The JSON (or text) that the target is sent."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_select(target["InputPath"], event))
    if "InputTransformer" in target:
        return _transform(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def _transform(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    paths = transformer.get("InputPathsMap", {})
    values = {name: _select(path, event) for name, path in paths.items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[1],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event.json": event,
        "aws.events.event": {k: v for k, v in event.items() if k != "detail"},
    }
    template = str(transformer["InputTemplate"])

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            return match.group(0)
        value = values[name]
        text = value if isinstance(value, str) else json.dumps(value)
        quoted = re.sub(r"\\.", "", template[: match.start()]).count('"') % 2 == 1
        if quoted:  # inside a JSON string the value must not end it
            return json.dumps(text)[1:-1]
        return json.dumps(value) if template.lstrip()[:1] in "{[" else text

    return _PLACEHOLDER.sub(fill, template)


def _select(path: str, event: dict[str, Any]) -> Any:
    """A JSONPath of EventBridge: `$`, member names and indices; "" where nothing is found."""
    value: Any = event
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+|'[^']*')\]", path):
        try:
            value = value[name or (int(index) if index.isdigit() else index.strip("'"))]
        except (KeyError, IndexError, TypeError):
            return ""
    return value
