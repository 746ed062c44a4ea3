"""The template's parameters, as a person asks for them: what there is, what it may be, what it is
for, and what it is on a laptop. All of it is read from the template and from declarations."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from local.cloudformation.template import parse, plain_text
from local.laptop.launch import BOUNDS, PARAMETERS
from local.runtime.failures import Failure
from sonoflow import options, settings
from sonoflow.options import Declaration
from sonoflow.releases import linear_learner, model_code

_GROUPS = "AWS::CloudFormation::Interface"
_REST = "Others"


class NoParameter(Failure):
    """The template has none of that name; says which is near."""


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    group: str
    default: str
    must_be: str  # in words
    meaning: str
    laptop: str | None  # its value there, if it is another

    def json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def read(template: Path) -> list[Parameter]:
    """All, in the groups of the template's metadata."""
    document = parse(template.read_text("utf-8"))
    declared: Mapping[str, Mapping[str, Any]] = document.get("Parameters") or {}
    laptop = json.loads(PARAMETERS.read_text("utf-8"))
    interface = (document.get("Metadata") or {}).get(_GROUPS) or {}
    groups = {
        name: group["Label"]["default"]
        for group in interface.get("ParameterGroups", ())
        for name in group["Parameters"]
    }
    places = {name: number for number, name in enumerate(groups)}
    names = sorted(declared, key=lambda name: places.get(name, len(places)))
    return [
        _parameter(name, declared[name], groups.get(name, _REST), laptop.get(name))
        for name in names
    ]


def find(parameters: Sequence[Parameter], names: Sequence[str]) -> list[Parameter]:
    """Those of these names, or all. Raises NoParameter."""
    known = {one.name.casefold(): one for one in parameters}
    for name in names:
        if name.casefold() not in known:
            word = name.casefold()
            near = difflib.get_close_matches(word, known) or [one for one in known if word in one]
            hint = ", ".join(known[one].name for one in near)
            asked = f"did you mean {hint}?" if hint else "without a name all are listed"
            raise NoParameter(f"There is no parameter {name}; {asked}")
    return [known[name.casefold()] for name in names] or list(parameters)


def show(parameters: Sequence[Parameter], console: Console, *, at_length: bool) -> None:
    """In their groups; `at_length` with the options that one holds together."""
    group = ""
    for one in parameters:
        if one.group != group:
            group = one.group
            console.print(Text(f"\n{group}", "bold"))
        line = Text.assemble(("  " + one.name, "cyan"), f" = {one.default or '(empty)'}")
        if one.laptop is not None:
            line.append(f"; on the laptop {one.laptop}", "green")
        console.print(line, soft_wrap=True)
        console.print(Text(f"      {one.meaning}"), soft_wrap=True)
        console.print(Text(f"      must {one.must_be}", "dim"), soft_wrap=True)
        for name, declaration in options_of(one.name).items() if at_length else ():
            _show_option(name, declaration, console)


def as_table(parameters: Sequence[Parameter]) -> str:
    """The same as the table of a document, in Markdown."""
    lines = ["| parameter | default | on the laptop | must | meaning |", "|---|---|---|---|---|"]
    for one in parameters:
        laptop = f"`{one.laptop}`" if one.laptop is not None else ""
        cells = [f"`{one.name}`", _code(one.default), laptop, one.must_be, one.meaning]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def options_of(name: str) -> Mapping[str, Declaration]:
    """What a parameter holds together, as it is declared."""
    if name == "StagingOptions":
        return settings.staging_declarations()
    if name == "TableHyperparameters":
        return linear_learner.declared()
    models = {
        "ClassifierHyperparameters": "classifier",
        "SegmenterHyperparameters": "segmenter",
    }
    if name in models:
        folder = Path(__file__).resolve().parents[2] / "model_code"
        return model_code.hyperparameters(models[name], folder)
    return {}


def _parameter(name: str, slot: Mapping[str, Any], group: str, laptop: str | None) -> Parameter:
    return Parameter(
        name=name,
        group=group,
        default=plain_text(slot.get("Default", "")),
        must_be="; ".join(_must(name, slot)),
        meaning=" ".join(str(slot.get("Description", "")).split()),
        laptop=laptop if laptop != plain_text(slot.get("Default", "")) else None,
    )


def _must(name: str, slot: Mapping[str, Any]) -> Iterator[str]:
    """What a value must be, in words, of the template's own constraints."""
    if allowed := slot.get("AllowedValues"):
        yield f"be one of {', '.join(map(plain_text, allowed))}"
    elif slot["Type"] == "Number":
        yield f"be a number{_range(slot)}"
    elif said := slot.get("ConstraintDescription"):
        yield str(said)
    elif pattern := slot.get("AllowedPattern"):
        yield f"match {pattern}"
    else:
        yield "be a text" + (
            f" of at most {slot['MaxLength']} characters" if "MaxLength" in slot else ""
        )
    if name in BOUNDS:
        yield f"on the laptop{_range({**slot, **BOUNDS[name]})}"


def _range(slot: Mapping[str, Any]) -> str:
    low, high = slot.get("MinValue"), slot.get("MaxValue")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f" from {low} on" if low is not None else f" up to {high}" if high is not None else ""


def _show_option(name: str, declaration: Declaration, console: Console) -> None:
    default = json.dumps(declaration["default"])
    line = Text.assemble("        ", (name, "cyan"), f" = {default}: {declaration['description']}")
    line.append(f" ({options.described(declaration)})", "dim")
    console.print(line, soft_wrap=True)


def _code(text: str) -> str:
    return f"`{text}`" if text else "(empty)"
