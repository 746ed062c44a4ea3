"""What a runtime is started with: a template and its parameters, checked before anything runs."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.cloudformation.template import TemplateError, parse, resolve_parameters
from local.runtime.runtime import STACK
from sonoflow import options, settings
from sonoflow.errors import ConfigurationError
from sonoflow.releases import model_code, tasks

_MODELS = {"ClassifierHyperparameters": "classifier", "SegmenterHyperparameters": "segmenter"}
_CHECKED = {*_MODELS, "TableHyperparameters"}
_PARAMETERS = Path(__file__).parents[1] / "parameters.json"
# Bounds of the template's parameters that are AWS's and not a laptop's: an endpoint comes up within
# seconds here, long before its looks have filled an execution's history. Whoever deploys the
# template as it is, with the SAM CLI say, is held to its own bounds.
_BOUNDS = {"EndpointPollSeconds": {"MinValue": 1}}


@dataclasses.dataclass(frozen=True)
class Launch:
    """`given` are parameters as the stack is created with, `resolved` those of all the template."""

    template: Path
    digest: str  # SHA-256 of the template's text
    laptop_parameters: bool  # whether they lie below the given ones
    given: Mapping[str, str]
    resolved: Mapping[str, str]

    @classmethod
    def of(cls, root: Path, template: Path | None, parameters: Mapping[str, str]) -> Launch:
        """Without a template it is the product's, with the laptop's parameters below the given.

        Raises TemplateError; OSError where the template cannot be read.
        """
        given, below = dict(parameters), template is None
        if template is None:
            template = root / "template.yaml"
            given = _over(json.loads(_PARAMETERS.read_text()), given, root / "model_code")
        try:
            text = template.read_text()
            document = parse(text)
            if below:
                relax(document)
        except UnicodeDecodeError as error:
            raise TemplateError(f"{template} is no text: {error}") from error
        _check_names(given, document.get("Parameters") or {}, template)
        resolved = resolve_parameters(document, {name: str(given[name]) for name in given})
        texts = {
            name: ",".join(value) if isinstance(value, list) else value
            for name, value in resolved.items()
        }
        if texts.keys() >= _CHECKED:
            _check_values(texts, root / "model_code")
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls(template, digest, below, given, texts)

    def record(self) -> dict[str, Any]:
        """What runtime.json keeps of it."""
        return {
            "template": str(self.template.resolve()),
            "template_sha256": self.digest,
            "laptop_parameters": self.laptop_parameters,
            "parameters": dict(self.resolved),
        }

    def differences(self, asked: Mapping[str, str], running: Mapping[str, Any]) -> Iterator[str]:
        """In what a running one, by its record, is not this; of parameters, those that were asked
        for, whatever the others are."""
        mine = str(self.template.resolve())
        template = running.get("template", mine)
        if template != mine:
            yield f"its template is {template}, not {mine}"
            return
        if running.get("template_sha256", self.digest) != self.digest:
            yield f"{mine} has changed since"
        below = running.get("laptop_parameters", self.laptop_parameters)
        if below != self.laptop_parameters:
            with_, without = "with the laptop's parameters", "with those of the template alone"
            yield f"it was started {with_ if below else without}"
        values = running.get("parameters", {})
        for name in sorted(asked):
            if name in values and not _is_same(values[name], self.resolved[name]):
                yield f"{name} is {values[name]!r}, not {self.resolved[name]!r}"


def relax(document: dict[str, Any]) -> None:
    """Give a template that the laptop's parameters lie below the bounds that these need."""
    for name, bounds in _BOUNDS.items():
        document["Parameters"][name].update(bounds)


def _over(below: Mapping[str, str], given: Mapping[str, str], code: Path) -> dict[str, str]:
    """Given parameters over the laptop's; of those that are objects, member by member, but for
    members of the laptop's that have no meaning beside those given."""
    merged = {**below, **given}
    for name in below.keys() & given.keys():
        with contextlib.suppress(ConfigurationError):  # what is no object is refused as it is
            usual, own = (options.parse(name, text) for text in (below[name], given[name]))
            declared = model_code.hyperparameters(_MODELS[name], code) if name in _MODELS else {}
            kept = {one: usual[one] for one in usual if _goes_with(own, declared.get(one, {}))}
            merged[name] = json.dumps({**kept, **own})
    return merged


def _goes_with(own: Mapping[str, Any], declaration: options.Declaration) -> bool:
    implied = declaration.get("implies", {})
    return all(own.get(name, value) == value for name, value in implied.items())


def _is_same(one: str, other: str) -> bool:
    """As CloudFormation takes them: 0.10 and 1e-1 are one number."""
    try:
        return one == other or float(one) == float(other)
    except ValueError:
        return False


def _check_names(given: Mapping[str, str], declared: Mapping[str, Any], template: Path) -> None:
    plain = {name.casefold(): name for name in declared}
    for name in given:
        if name not in declared:
            near = difflib.get_close_matches(name.casefold(), plain, n=1)
            hint = f"; did you mean {plain[near[0]]}?" if near else "."
            raise TemplateError(
                f"There is no parameter {name}{hint} All are under Parameters in {template}"
            )


def _check_values(texts: Mapping[str, str], code: Path) -> None:
    """As the function that plans a data set does before anything is staged: here it can be said
    before anything is started. Raises TemplateError."""
    environment = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): texts[name] for name in texts}
    # What a runtime has besides, or calls otherwise.
    environment["STACK_NAME"] = STACK
    environment["SERVERLESS_MEMORY_MB"] = environment.get("SERVERLESS_MEMORY", "")
    environment["LINEAR_LEARNER_IMAGE_URI"] = "known"
    try:
        settings.staging_options(environment)
        tasks.check((*tasks.OF_IMAGES, *tasks.OF_TABLES), environment, code)
    except ConfigurationError as error:
        raise TemplateError(str(error)) from error
