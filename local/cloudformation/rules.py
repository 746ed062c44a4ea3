"""The Rules section: assertions about parameters and region that hold, or nothing is created.

Its functions are its own, few, and know no resource, condition or mapping:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from local.cloudformation.template import TemplateError, plain_text

_RULE, _ASSERTION = {"RuleCondition", "Assertions"}, {"Assert", "AssertDescription"}
_NAME = re.compile(r"[A-Za-z0-9]+")


def check(template: dict[str, Any], values: dict[str, Any]) -> None:
    """Raises TemplateError with the description of every assertion that does not hold, and where
    the section is malformed. `values` are those of parameters and pseudo parameters."""
    rules = template.get("Rules", {})
    if not isinstance(rules, dict):
        raise TemplateError("Template format error: Rules must be an object.")
    broken = [text for name, rule in rules.items() for text in _broken(name, rule, values)]
    if broken:
        raise TemplateError("\n".join(broken))


def _broken(name: str, rule: Any, values: dict[str, Any]) -> Iterator[str]:
    evaluation = _Evaluation(name, values)
    # All of it is evaluated, whether it applies or not: what is malformed is so in any case.
    failed = [each for each in _assertions(name, rule) if not evaluation.truth(each["Assert"])]
    if "RuleCondition" in rule and not evaluation.truth(rule["RuleCondition"]):
        return
    for assertion in failed:
        yield assertion.get("AssertDescription") or f"An assertion of rule {name} does not hold."


def _assertions(name: Any, rule: Any) -> list[dict[str, Any]]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise TemplateError(f"Template format error: rule name {name!r} is not alphanumeric.")
    if not isinstance(rule, dict) or not _RULE >= set(rule) >= {"Assertions"}:
        raise _malformed(name, "has Assertions, may have a RuleCondition, and nothing else")
    assertions = rule["Assertions"]
    if not isinstance(assertions, list) or not assertions:
        raise _malformed(name, "Assertions is a list, not an empty one")
    for each in assertions:
        if not isinstance(each, dict) or not _ASSERTION >= set(each) >= {"Assert"}:
            raise _malformed(name, "an assertion has Assert, may have an AssertDescription")
        if not isinstance(each.get("AssertDescription", ""), str):
            raise _malformed(name, "an AssertDescription is text")
    return assertions


class _Evaluation:
    """Evaluates the functions of one rule."""

    def __init__(self, rule: str, values: dict[str, Any]) -> None:
        self._rule, self._values = rule, values
        self._tests: dict[str, Callable[[list[Any]], bool]] = {
            "Fn::And": lambda given: all([self.truth(each) for each in self._some(given)]),
            "Fn::Or": lambda given: any([self.truth(each) for each in self._some(given)]),
            "Fn::Not": lambda given: not self.truth(*self._exactly(1, given)),
            "Fn::Equals": self._equals,
            "Fn::Contains": self._contains,
            "Fn::EachMemberEquals": self._each_member_equals,
            "Fn::EachMemberIn": self._each_member_in,
        }

    def truth(self, node: Any) -> bool:
        """What a function says that is true or false."""
        if not isinstance(node, dict) or len(node) != 1:
            raise _malformed(self._rule, f"{node!r} is no function")
        ((name, argument),) = node.items()
        if name not in self._tests:
            known = ", ".join(self._tests)
            raise _malformed(self._rule, f"{name} is not implemented there, only {known}")
        if not isinstance(argument, list):
            raise _malformed(self._rule, f"{name} takes a list")
        return self._tests[name](argument)

    def _some(self, given: list[Any]) -> list[Any]:
        if not 2 <= len(given) <= 10:
            raise _malformed(self._rule, f"{len(given)} conditions where two to ten are allowed")
        return given

    def _exactly(self, count: int, given: list[Any]) -> list[Any]:
        if len(given) != count:
            raise _malformed(self._rule, f"{len(given)} arguments where {count} are needed")
        return given

    def _equals(self, given: list[Any]) -> bool:
        one, other = (self._value(each) for each in self._exactly(2, given))
        return bool(one == other)

    def _contains(self, given: list[Any]) -> bool:
        texts, text = self._exactly(2, given)
        return self._text(text) in self._texts(texts)

    def _each_member_equals(self, given: list[Any]) -> bool:
        texts, text = self._exactly(2, given)
        return set(self._texts(texts)) <= {self._text(text)}

    def _each_member_in(self, given: list[Any]) -> bool:
        some, all_of_them = self._exactly(2, given)
        return set(self._texts(some)) <= set(self._texts(all_of_them))

    def _value(self, node: Any) -> Any:
        """A text, or a list of texts: CloudFormation compares numbers as they are written."""
        if isinstance(node, list):
            return [self._text(each) for each in node]
        if not isinstance(node, dict):
            return plain_text(node)
        if set(node) != {"Ref"}:
            raise _malformed(self._rule, f"{sorted(node)}: values are literal or a Ref")
        if node["Ref"] not in self._values:
            reason = f"{node['Ref']} is neither a parameter nor a pseudo parameter known here"
            raise _malformed(self._rule, reason)
        return self._values[node["Ref"]]

    def _text(self, node: Any) -> str:
        value = self._value(node)
        if not isinstance(value, str):
            raise _malformed(self._rule, f"{value!r} is a list where a text is needed")
        return value

    def _texts(self, node: Any) -> list[str]:
        value = self._value(node)
        if not isinstance(value, list):
            raise _malformed(self._rule, f"{value!r} is no list")
        return value


def _malformed(name: str, reason: str) -> TemplateError:
    return TemplateError(f"Template format error: rule {name}: {reason}")
