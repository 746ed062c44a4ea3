"""Parameters that a person can answer, and none that must be."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cloudformation.template import TemplateError, parse, resolve_parameters
from sonoflow import options, settings
from sonoflow.errors import ConfigurationError
from sonoflow.releases import linear_learner, tuning
from sonoflow.releases.classification import Classification
from sonoflow.releases.segmentation import Segmentation
from sonoflow.releases.table import Table
from sonoflow.releases.task import Task

TOGETHER = {
    "ClassifierHyperparameters",
    "SegmenterHyperparameters",
    "TableHyperparameters",
    "StagingOptions",
    "TuningOptions",
}
FLOORS: dict[str, type[Task]] = {
    "ClassifierFloors": Classification,
    "SegmenterFloors": Segmentation,
    "TableFloors": Table,
}
# Of the names and values of one function, together:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENVIRONMENT_BYTES = 4096
LONGEST = 128  # characters of a value that a stack makes: a URI, an ARN


def test_nothing_must_be_answered(template: dict[str, Any]) -> None:
    assert not [n for n, one in template["Parameters"].items() if "Default" not in one]


def test_what_holds_several_options_is_a_json_object_and_empty_by_default(
    template: dict[str, Any],
) -> None:
    empty = {n for n, one in template["Parameters"].items() if one["Default"] == "{}"}
    assert empty == TOGETHER | FLOORS.keys()
    for name in TOGETHER:
        for broken in ("{", "", "[]", "batch-size=8"):
            with pytest.raises(TemplateError, match=name):
                resolve_parameters(template, {name: broken})
        given = '{"a": {"b": [1]}}\n'
        assert resolve_parameters(template, {name: given})[name] == given


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_that_there_is_not_is_refused_before_anything_is_created(
    template: dict[str, Any], name: str
) -> None:
    """An upload is too late: whatever plans it has no room for these in its environment. A line
    break would end the text of the machine that carries them."""
    known = FLOORS[name].floors(settings.Gates(0, 0, 0)).known
    everything = json.dumps(dict.fromkeys(known, 0.875), separators=(",", ":"))

    assert len(everything) <= template["Parameters"][name]["MaxLength"]
    first = next(iter(known))
    for fine in ("{}", everything, json.dumps(dict.fromkeys(known, 1)), f' {{"{first}" : 0.5}} '):
        assert resolve_parameters(template, {name: fine})[name] == fine
    for broken in ('{"dice": 0.5}', f'{{"{first}": 2}}', f"{everything}\n", "{,}", "[]"):
        with pytest.raises(TemplateError, match=r"JSON object of .*" + [*known][-1]):
            resolve_parameters(template, {name: broken})


def test_no_functions_environment_can_be_larger_than_lambda_allows(
    template: dict[str, Any],
) -> None:
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            own = resource["Properties"].get("Environment", {}).get("Variables", {})
            sizes = [
                len(name) + longest(value, template["Parameters"])
                for name, value in {**common, **own}.items()
            ]
            assert sum(sizes) <= ENVIRONMENT_BYTES, logical_id


def longest(value: Any, parameters: dict[str, Any]) -> int:
    if not isinstance(value, dict):
        return len(str(value))
    if value.get("Ref") == "AWS::StackName":
        return settings.STACK_NAME_LIMIT
    if "Fn::If" in value:
        return max(longest(branch, parameters) for branch in value["Fn::If"][1:])
    parameter = parameters.get(value.get("Ref"), {})
    if parameter.get("Type") == "Number":
        return 20
    if "AllowedValues" in parameter:
        return max(len(str(one)) for one in parameter["AllowedValues"])
    if parameter:
        return int(parameter["MaxLength"])
    return LONGEST


@pytest.mark.parametrize(
    "declared",
    [settings.staging_declarations(), linear_learner.declared()],
    ids=["staging", "table"],
)
def test_the_document_tells_every_option(
    root: Path, declared: dict[str, options.Declaration]
) -> None:
    document = (root / "docs/parameters.md").read_text("utf-8")
    for name, one in declared.items():
        row = f"| `{name}` | `{json.dumps(one['default'])}` | {options.described(one)} | "
        assert row + one["description"] + " |" in document, name


def test_the_documents_parameters_are_accepted(root: Path, template: dict[str, Any]) -> None:
    document = (root / "docs/parameters.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)

    given = {name: str(value) for name, value in yaml.safe_load(block).items()}

    assert given.keys() & TOGETHER
    resolve_parameters(template, given)
    assert settings.staging_options({"STAGING_OPTIONS": given["StagingOptions"]})


def make(root: Path, *words: str, target: str = "deploy") -> str:
    """What `make` would run, without running it."""
    command = ["make", "--dry-run", "--always-make", target, *words]
    named = {name: value for name, value in os.environ.items() if name not in ("STACK", "REGION")}
    done = subprocess.run(command, cwd=root, env=named, capture_output=True, text=True, check=True)
    return done.stdout.replace("\\\n", " ")


def test_a_deployment_asks_nothing_unless_it_is_asked_to(root: Path) -> None:
    plain, guided = make(root), make(root, "GUIDED=1")
    given = make(root, "PARAMETERS=file://parameters.yaml")

    assert "deploy --config-file" in plain
    assert "--guided" not in plain
    assert re.search(r"deploy --config-file samconfig\.local\.toml --guided", guided)
    assert "--parameter-overrides file://parameters.yaml" in given
    configuration = (root / "samconfig.toml").read_text("utf-8")
    assert "confirm_changeset = false" in configuration
    assert "parameter_overrides" not in configuration


def test_a_stack_that_is_named_is_the_one_that_is_deployed(root: Path) -> None:
    plain, named = make(root), make(root, "STACK=trial", "REGION=eu-west-1")

    assert "--stack" not in plain
    assert "--region" not in plain
    assert re.search(r'overrides\.py +--stack "trial"', named)
    assert re.search(r'sam deploy .*--stack-name "trial" +--region "eu-west-1"', named)


@pytest.mark.parametrize("target", ["redrive", "sweep", "destroy"])
def test_what_was_deployed_by_answers_is_looked_for_where_it_is(
    root: Path, tmp_path: Path, target: str
) -> None:
    for file in (root / "Makefile", *root.glob("requirements*.txt"), root / "constraints.txt"):
        shutil.copy(file, tmp_path)
    shutil.copytree(root / "operations", tmp_path / "operations")
    (tmp_path / ".venv").symlink_to(root / ".venv")
    (tmp_path / "samconfig.toml").write_text((root / "samconfig.toml").read_text())
    assert '--stack "sonoflow"' in make(tmp_path, target=target)
    assert "AWS_DEFAULT_REGION" not in make(tmp_path, target=target)

    answers = tmp_path / "samconfig.local.toml"
    shutil.copy(root / "samconfig.toml", answers)
    text = answers.read_text()
    answers.write_text(f'{text}stack_name = "wards"\nregion = "eu-west-1"\n')

    assert re.search(
        rf'="eu-west-1" \S+ -m operations\.{target} --stack "wards"', make(tmp_path, target=target)
    )
    assert '--stack "trial"' in make(tmp_path, "STACK=trial", target=target)


def test_answers_land_in_no_tracked_file(root: Path) -> None:
    assert "samconfig.local.toml" in (root / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.slow
def test_sam_reads_json_out_of_a_file(root: Path, tmp_path: Path) -> None:
    """By the SAM CLI's own code, which makes `{` of JSON on the command line."""
    document = (root / "docs/parameters.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)
    (tmp_path / "parameters.yaml").write_text(block)
    program = (
        "import json; from samcli.cli.types import CfnParameterOverridesType as Overrides\n"
        "print(json.dumps(Overrides().convert(('file://parameters.yaml',), None, None)))"
    )

    done = subprocess.run(
        [root / ".venv-sam/bin/python", "-I", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(json.loads(done.stdout)["ClassifierHyperparameters"])["batch-size"] == 8


def known(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `make deploy` asks before it builds anything."""
    command = [root / ".venv-sam/bin/python", "local/laptop/overrides.py", "template.yaml", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sonoflow", "s" * 30, "s" * 31, "Sonoflow", "9ward"])
@pytest.mark.parametrize("command", ["global", "deploy"])
def test_a_name_that_no_data_set_could_be_trained_under_stops_a_deployment(
    root: Path, tmp_path: Path, name: str, command: str
) -> None:
    """A rule of a template cannot see its stack's name: the functions would refuse every upload."""
    configuration = tmp_path / "samconfig.toml"
    configuration.write_text(f"[default.{command}.parameters]\nstack_name = {json.dumps(name)}\n")
    try:
        settings.Releasing(name, 60)
        fine = True
    except ConfigurationError:
        fine = False

    done = known(root, str(configuration))

    assert done.returncode == (0 if fine else 1), done.stderr
    assert (name in done.stdout) is not fine
    assert known(root, str(tmp_path / "not-there-yet.toml")).returncode == 0


@pytest.mark.slow
def test_so_does_one_on_the_command_line_instead_of_the_files(root: Path, tmp_path: Path) -> None:
    configuration = tmp_path / "samconfig.toml"
    configuration.write_text('[default.global.parameters]\nstack_name = "Sonoflow"\n')

    assert known(root, "--stack", "trial", str(configuration)).returncode == 0
    refused = known(root, "--stack", "Trial", str(configuration))
    assert (refused.returncode, "'Trial'" in refused.stdout) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize(("tune", "length"), [("false", 30), ("true", 23)])
def test_a_search_needs_a_shorter_name(
    root: Path, tmp_path: Path, answered: bool, tune: str, length: int
) -> None:
    """A tuning job's name is short; the guide keeps its answers in the file."""
    configuration = tmp_path / "samconfig.toml"
    answers = f"parameter_overrides = 'Tune=\"{tune}\"'" if answered else ""
    configuration.write_text(f"[default.deploy.parameters]\n{answers}\n")
    words = [str(configuration), *([] if answered else [f"Tune={tune}"])]

    assert known(root, "--stack", "s" * length, *words).returncode == 0
    done = known(root, "--stack", "s" * (length + 1), *words)
    assert (done.returncode, f"{length} at most" in done.stdout) == (1, True)
    if tune == "true":
        tuning.job_name("s" * length, "0" * 8)
        with pytest.raises(ConfigurationError, match=f"more than {length} characters"):
            tuning.job_name("s" * (length + 1), "0" * 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        (["ClassifierEpochs=9", "TrainingSpot=true"], []),
        (["BatchSize=8", "Tune=true"], ["BatchSize"]),
    ],
)
def test_a_name_that_the_template_does_not_have_stops_a_deployment(
    root: Path, words: list[str], unknown: list[str]
) -> None:
    """The SAM CLI by itself would deploy without it, and say nothing."""
    done = known(root, "samconfig.toml", *words)

    assert done.returncode == (1 if unknown else 0), done.stderr
    assert re.findall(r"no parameter (\w+)", done.stdout) == unknown


def test_the_template_is_read_as_the_laptop_reads_it(root: Path, template: dict[str, Any]) -> None:
    assert (
        parse((root / "template.yaml").read_text())["Parameters"].keys()
        == template["Parameters"].keys()
    )
