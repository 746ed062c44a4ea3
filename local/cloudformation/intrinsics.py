"""CloudFormation's intrinsic functions and conditions; an unknown one is an error, not a value."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from local.cloudformation.template import TemplateError

_NOTHING = object()  # what AWS::NoValue stands for: the property is left out
_SUBSTITUTION = re.compile(r"\$\{(!?)([^}]+)\}")


class Resolver:
    """Evaluates a template's functions. `reference` and `attribute` give what resources yield."""

    def __init__(
        self,
        template: dict[str, Any],
        values: dict[str, Any],
        reference: Callable[[str], str],
        attribute: Callable[[str, str], str],
    ) -> None:
        self._mappings = template.get("Mappings") or {}
        self._conditions = template.get("Conditions") or {}
        self._values = values  # parameters and pseudo parameters
        self._reference, self._attribute = reference, attribute
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::Base64": lambda value: base64.b64encode(self.resolve(value).encode()).decode(),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": lambda value: self.resolve(value[1]).split(value[0]),
            "Fn::Sub": self._sub,
            "Fn::ToJsonString": lambda value: json.dumps(self.resolve(value)),
        }

    def resolve(self, node: Any) -> Any:
        """`node` with every function evaluated; raises TemplateError."""
        value = self._evaluate(node)
        if value is _NOTHING:
            raise TemplateError("AWS::NoValue stands where a value is needed")
        return value

    def condition(self, name: str) -> bool:
        if name not in self._conditions:
            raise TemplateError(f"Unresolved condition {name}")
        return self._test(self._conditions[name])

    def _evaluate(self, node: Any) -> Any:
        if isinstance(node, list):
            items = [self._evaluate(item) for item in node]
            return [item for item in items if item is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if name in self._functions:
                return self._functions[name](argument)
        for name in node:
            if name.startswith("Fn::"):
                raise TemplateError(f"{name} is not implemented by the laptop runtime")
        values = {name: self._evaluate(value) for name, value in node.items()}
        return {name: value for name, value in values.items() if value is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self._values:
            return self._values[name]
        if name.startswith("AWS::"):
            raise TemplateError(f"Pseudo parameter {name} is not implemented locally")
        return self._reference(name)

    def _get_att(self, argument: Any) -> str:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._attribute(logical_id, self.resolve(attribute))

    def _sub(self, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument

        def fill(match: re.Match[str]) -> str:
            literal, name = match.group(1), match.group(2).strip()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                value = self.resolve(variables[name])
            elif "." in name:
                value = self._get_att(name)
            else:
                value = self._ref(name)
            if not isinstance(value, (str, int, float)):
                raise TemplateError(f"Fn::Sub: ${{{name}}} is not text")
            return str(value)

        return _SUBSTITUTION.sub(fill, text)

    def _join(self, argument: Any) -> str:
        separator, parts = argument
        return str(separator).join(str(part) for part in self.resolve(parts))

    def _select(self, argument: Any) -> Any:
        index, choices = int(self.resolve(argument[0])), self.resolve(argument[1])
        if index >= len(choices):
            raise TemplateError(f"Fn::Select: no item {index} in {choices}")
        return choices[index]

    def _find_in_map(self, argument: Any) -> Any:
        node: Any = self._mappings
        for key in argument[:3]:
            key = self.resolve(key)
            if key not in node:
                raise TemplateError(f"Fn::FindInMap: {argument[0]} has no {key}")
            node = node[key]
        return node

    def _if(self, argument: Any) -> Any:
        name, positive, negative = argument
        return self._evaluate(positive if self.condition(name) else negative)

    def _test(self, node: Any) -> bool:
        name, argument = next(iter(node.items()))
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self._test(argument[0])
        if name == "Fn::And":
            return all(self._test(each) for each in argument)
        if name == "Fn::Or":
            return any(self._test(each) for each in argument)
        raise TemplateError(f"{name} is not a condition function")
