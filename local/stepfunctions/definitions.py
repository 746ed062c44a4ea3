"""Reading state machine definitions where moto's grammar falls short of JSON and of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from local.runtime import patch
from local.runtime.runtime import Runtime

_PERCENTAGE = "ToleratedFailurePercentage"


def install(runtime: Runtime) -> None:
    patch.replace(AmazonStateLanguageParser, "parse", _parse)
    patch.replace(Preprocessor, "_inner_string_of", _inner_string_of)


def _parse(original: Callable[[str], Any]) -> Any:
    """moto: `"ToleratedFailurePercentage": 5` is a syntax error. AWS: any number."""

    def parse(definition: str) -> Any:
        try:
            document = json.loads(definition, object_hook=_decimal_percentage)
        except ValueError:
            return original(definition)  # its message says where
        # Characters as they are: moto's lexer would take an escaped emoji for two characters.
        return original(json.dumps(document, ensure_ascii=False))

    return staticmethod(parse)


def _decimal_percentage(document: dict[str, Any]) -> dict[str, Any]:
    value = document.get(_PERCENTAGE)
    if isinstance(value, int) and not isinstance(value, bool):
        document[_PERCENTAGE] = float(value)
    return document


def _inner_string_of(original: Callable[[Any], str | None]) -> Any:
    """moto: the text between the quotes, escapes and all. AWS: the string that it stands for."""

    def inner_string_of(parser_rule_context: Any) -> str | None:
        text = original(parser_rule_context)
        if text is None or "\\" not in text:
            return text
        return str(json.loads(f'"{text}"'))

    return staticmethod(inner_string_of)
