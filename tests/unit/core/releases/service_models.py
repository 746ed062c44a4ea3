"""What the AWS services take, from botocore's models of them."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
from botocore.validate import ParamValidator


def problems(service: str, operation: str, request: Any) -> list[str]:
    """What is wrong with a request: names, types and lengths, and, which botocore leaves to the
    services, patterns and enumerations."""
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape).generate_report()
    return [line for line in [report] if line] + list(_pattern_problems(shape, request, ""))


def _pattern_problems(shape: Any, value: Any, path: str) -> Any:
    if shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                yield from _pattern_problems(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        for number, member in enumerate(value):
            yield from _pattern_problems(shape.member, member, f"{path}[{number}]")
    elif shape.type_name == "map":
        for name, member in value.items():
            yield from _pattern_problems(shape.key, name, f"{path} key")
            yield from _pattern_problems(shape.value, member, f"{path}.{name}")
    elif shape.type_name == "string":
        pattern, longest = shape.metadata.get("pattern"), shape.metadata.get("max")
        # Those of free text are in the notation of Java, with \\p and \\u, and allow nearly all.
        java = pattern and ("\\p" in pattern or "\\u" in pattern)
        if pattern and not java and not re.fullmatch(pattern, value):
            yield f"{path}: {value!r} is not {pattern}"
        if longest and len(value) > longest:
            yield f"{path}: {value!r} is longer than {longest}"
        choices = shape.metadata.get("enum")
        if choices and value not in choices:
            yield f"{path}: {value!r} is none of {choices}"
