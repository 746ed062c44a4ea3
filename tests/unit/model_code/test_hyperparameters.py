from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import train_classifier
import train_segmenter
from sonomodel import hyperparameters
from sonomodel.arguments import FOLDERS
from sonomodel.diagnostics.rules import NAMES
from sonomodel.hyperparameters import FILE, Hyperparameter, declared
from sonomodel.images.augmentation import STRENGTHS
from sonomodel.networks.classifier import ARCHITECTURES
from sonomodel.networks.encoder_unet import ENCODERS

SCRIPTS = {"classifier": train_classifier, "segmenter": train_segmenter}
CLASSES = ["--classes", '["benign", "normal"]']
SECTIONS = json.loads(FILE.read_text(encoding="utf-8"))
DECLARATIONS = [
    pytest.param(name, declaration, id=f"{section}-{name}")
    for section, several in SECTIONS.items()
    for name, declaration in several.items()
]
BOUNDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
KEYWORDS = {
    "integer": BOUNDS,
    "number": BOUNDS,
    "boolean": set(),
    "string": {"enum"},
    "array": {"items"},
}
EACH = [
    pytest.param(script, one, id=f"{model}-{one.name}")
    for model, script in SCRIPTS.items()
    for one in declared(model)
]


@pytest.fixture(autouse=True)
def _folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, variable in FOLDERS.items():
        monkeypatch.setenv(variable, f"/opt/ml/{name}")


def written(value: Any) -> str:
    """As the toolkit hands it over."""
    return json.dumps(value) if isinstance(value, list) else str(value)


def parsed(script: ModuleType, one: Hyperparameter, text: str) -> Any:
    return getattr(script.parse([*CLASSES, f"--{one.name}={text}"]), one.attribute)


def admitted(one: Hyperparameter) -> list[Any]:
    """The default and what lies on the edge of the range, inside."""
    if one.type == "boolean":
        return [True, False]
    if one.type == "string":
        return list(one.enum)
    if one.type == "array":
        return [[], *([name] for name in one.items["enum"]), one.items["enum"]]
    edges = [edge for edge in (one.minimum, one.maximum) if abs(edge) < 1e300]
    return [one.default, *(int(edge) if one.type == "integer" else edge for edge in edges)]


def refused(one: Hyperparameter) -> list[str]:
    """What lies on the edge of the range, outside, and what is of another kind."""
    if one.type == "boolean":
        return ["yes", "1", "none", ""]
    if one.type == "string":
        return ["", "none of them", one.enum[0].upper()]
    if one.type == "array":
        names = one.items["enum"]
        return ["none", "", '["none of them"]', names[0], f'"{names[0]}"', f'{{"{names[0]}": 1}}']
    outside = ["nan", "inf", "-inf", "True", "true", "1e999", "", "many", '"1"', "[1]"]
    step = 1 if one.type == "integer" else 1e-9
    outside += ["1.5", "1e1"] if one.type == "integer" else []
    edges = [one.minimum - step, one.maximum + step, one.exclusiveMinimum, one.exclusiveMaximum]
    inside = [edge for edge in edges if abs(edge) < 1e300]
    return [*outside, *(f"{edge:.0f}" if step == 1 else repr(edge) for edge in inside)]


@pytest.mark.parametrize(("name", "declaration"), DECLARATIONS)
def test_declarations_keep_to_their_keywords(name: str, declaration: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    required = {"type", "default", "description"}
    allowed = required | {"implies"} | KEYWORDS[declaration["type"]]
    assert required <= declaration.keys() <= allowed
    assert re.fullmatch(r"[A-Z].+[^.]\.", declaration["description"])
    kinds = {"integer": int, "number": float, "boolean": bool, "string": str, "array": list}
    assert type(declaration["default"]) is kinds[declaration["type"]]


def test_what_is_implied_is_an_option_of_the_same_model_and_a_value_of_it() -> None:
    found = []
    for model in SCRIPTS:
        every = {one.name: one for one in declared(model)}
        for one in every.values():
            found += [every[name].parse(str(value)) == value for name, value in one.implies.items()]
    assert found == [True, True]


def test_a_models_own_names_are_none_of_the_common_ones() -> None:
    assert SECTIONS.keys() == {"common", "classifier", "segmenter"}
    for model in SCRIPTS:
        assert not SECTIONS["common"].keys() & SECTIONS[model].keys()


@pytest.mark.parametrize(("script", "one"), EACH)
def test_every_value_of_the_range_is_taken(script: ModuleType, one: Hyperparameter) -> None:
    assert getattr(script.parse(CLASSES), one.attribute) == one.default
    for value in [one.default, *admitted(one)]:
        found = parsed(script, one, written(value))
        assert found == value
        assert type(found) is type(one.default)


@pytest.mark.parametrize(("script", "one"), EACH)
def test_what_lies_beyond_is_refused_by_flag_value_and_bound(
    script: ModuleType, one: Hyperparameter, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in refused(one):
        with pytest.raises(SystemExit) as caught:
            parsed(script, one, text)

        assert caught.value.code == 2, text
        complaint = f"argument --{one.name}: {text!r} is not {one.range}"
        assert capsys.readouterr().err.endswith(f"{complaint}\n")


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ({"type": "integer", "minimum": 1}, "a whole number >= 1"),
        ({"type": "number", "exclusiveMinimum": 0}, "a number > 0"),
        (
            {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
            "a number >= 0 and < 1",
        ),
        ({"type": "integer", "minimum": 32, "maximum": 1024}, "a whole number >= 32 and <= 1024"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "string", "enum": ["a", "b"]}, "one of a, b"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "a JSON list of any of a, b"),
    ],
)
def test_ranges_are_told_in_words(declaration: dict[str, Any], words: str) -> None:
    assert Hyperparameter("one", default=None, description="", **declaration).range == words


def test_names_in_the_declaration_are_those_in_the_code() -> None:
    common, classifier, segmenter = SECTIONS["common"], *map(SECTIONS.get, SCRIPTS)

    assert common["stop-on"]["items"]["enum"] == list(NAMES)
    assert set(common["augmentation"]["enum"]) == STRENGTHS.keys()
    assert classifier["architecture"]["enum"] == list(ARCHITECTURES)
    assert segmenter["encoder"]["enum"] == list(ENCODERS)


@pytest.mark.parametrize("model", SCRIPTS)
def test_the_record_holds_what_was_declared(model: str) -> None:
    options = SCRIPTS[model].parse([*CLASSES, "--seed", "3", "--stop-on", '["plateau"]'])

    record = hyperparameters.record(options, model)

    assert record.keys() == {one.name for one in declared(model)}
    assert (record["seed"], record["stop-on"], record["batch-size"]) == (3, ["plateau"], 16)
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize("model", SCRIPTS)
def test_help_tells_of_each(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        SCRIPTS[model].parse(["--help"])

    text = " ".join(capsys.readouterr().out.split())
    for one in declared(model):
        assert one.description in text
        assert f"{one.range}; default {json.dumps(one.default)}."[1:] in text


@pytest.mark.parametrize("section", SECTIONS)
def test_documentation_has_a_table_of_them(section: str, root: Path) -> None:
    """In docs/training.md, below a heading or line that names the section."""
    rows = [
        f"| `--{name}` | `{json.dumps(declaration['default']).strip(chr(34))}` "
        f"| {Hyperparameter(name, **declaration).range} | {declaration['description']} |"
        for name, declaration in SECTIONS[section].items()
    ]
    text = (root / "docs/training.md").read_text(encoding="utf-8")

    assert "\n".join(rows) in text, "\n".join(["docs/training.md needs these rows:", *rows])
