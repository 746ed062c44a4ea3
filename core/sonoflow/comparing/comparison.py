"""What came of holding a new model against the one in service: for machines, and in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.comparing.bootstrap import Difference, Found

FIRST, NOT_WORSE, WORSE = "first", "not worse", "worse"
INCOMPATIBLE, UNCOMPARED = "incompatible", "uncompared"
URIS = ("comparison_uri", "published_comparison_uri")  # of a payload: where it is kept
ASKED = "asked"  # the model in service, for what the new one will answer
_DIGITS = 4


@dataclasses.dataclass(frozen=True)
class Sample:
    """What both models answered."""

    unit: str  # images or rows
    compared: int = 0
    groups: int = 0
    left_out: int = 0  # that the model in service has trained on, or what belongs to such
    unanswered: int = 0  # that it gave no answer to


@dataclasses.dataclass(frozen=True)
class Comparison:
    outcome: str
    says: str  # one sentence
    champion: str | None = None  # endpoint configuration in service; None: nothing is
    reasons: tuple[str, ...] = ()  # against the new model
    sample: Sample | None = None
    differences: Mapping[str, Difference] = dataclasses.field(default_factory=dict)
    answers_uri: str | None = None  # of the model in service, where the new one is yet to be asked

    @property
    def passed(self) -> bool:
        return self.outcome not in (WORSE, INCOMPATIBLE)

    def document(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "passed": self.passed,
            "champion": self.champion,
            "says": self.says,
            "reasons": list(self.reasons),
            "sample": self.sample and dataclasses.asdict(self.sample),
            "figures": {name: _facts(one) for name, one in self.differences.items()},
            "answers_uri": self.answers_uri,
            "metadata": self._metadata(),
        }

    def _metadata(self) -> dict[str, str]:
        """As CustomerMetadataProperties take it: letters, digits and few signs, no comma."""
        told = {"comparison": self.outcome}
        if self.champion:
            told["champion"] = self.champion
        for name, one in self.differences.items():
            told[f"champion_{name}"] = f"{one.champion:.{_DIGITS}f}"
            told[f"challenger_{name}"] = f"{one.challenger:.{_DIGITS}f}"
        return told


def first() -> Comparison:
    return Comparison(FIRST, "no model is in service, so there is none to be compared with")


def incompatible(champion: str, reason: str) -> Comparison:
    return Comparison(INCOMPATIBLE, reason, champion, (reason,))


def uncompared(champion: str, reason: str, sample: Sample | None = None) -> Comparison:
    says = f"not compared with the model in service, {champion}: {reason}"
    return Comparison(UNCOMPARED, says, champion, (), sample)


def asked(champion: str, answers_uri: str, sample: Sample) -> Comparison:
    says = f"the model in service, {champion}, was asked about {sample.compared} {sample.unit}"
    return Comparison(ASKED, says, champion, (), sample, {}, answers_uri)


def judged(champion: str, found: Found, sample: Sample) -> Comparison:
    """By the figures that enough of the sample is about."""
    differences = found.differences
    if not differences:
        return uncompared(champion, f"too few of the {sample.unit} decide each figure", sample)
    on = f"on {sample.compared} {sample.unit} in {sample.groups} groups that are new to both"
    reasons = tuple(
        f"{name} is {one.challenger:.{_DIGITS}f}, that of the model in service "
        f"{one.champion:.{_DIGITS}f} ({one.difference:+.{_DIGITS}f}; chance alone leaves "
        f"{one.interval[0]:+.{_DIGITS}f} to {one.interval[1]:+.{_DIGITS}f})"
        for name, one in differences.items()
        if one.worse
    )
    if reasons:
        says = f"worse than the model in service, {champion}, {on}: {'; '.join(reasons)}"
        return Comparison(WORSE, says, champion, (says,), sample, differences)
    figures = ", ".join(
        f"{name} {one.challenger:.{_DIGITS}f} against {one.champion:.{_DIGITS}f}"
        for name, one in differences.items()
    )
    says = f"not worse than the model in service, {champion}, {on}: {figures}"
    return Comparison(NOT_WORSE, says, champion, (), sample, differences)


def keep(found: Comparison, comparison_uri: str, published_uri: str) -> dict[str, Any]:
    """Leaves the comparison beside the release's evaluation, and where people read, whatever
    becomes of the release. Gives its document. Raises PayloadInvalid."""
    document = found.document()
    for uri in (comparison_uri, published_uri):
        objects.write_json(*keys.parse_uri(uri), document)
    return document


def _facts(one: Difference) -> dict[str, Any]:
    return {
        "champion": round(one.champion, _DIGITS),
        "challenger": round(one.challenger, _DIGITS),
        "difference": round(one.difference, _DIGITS),
        "interval": [round(end, _DIGITS) for end in one.interval],
        "groups": one.groups,
        "worse": one.worse,
    }
