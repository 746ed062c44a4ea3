"""The command line: one help text in groups, options and words of whoever types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import cli
from local.commands.table import GROUPS

NAMES = [command.name for _, group in GROUPS for command in group]


def test_help_lists_every_command_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])

    told = capsys.readouterr().out
    assert told.startswith("usage: sonoflow COMMAND")
    places = [told.index(f"\n  {name} ") for name in NAMES]
    assert places == sorted(places)
    assert len(set(NAMES)) == len(NAMES)
    for title, _ in GROUPS:
        assert f"\n{title}:\n" in told
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.parametrize("name", NAMES)
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])

    assert f"usage: sonoflow {name}" in capsys.readouterr().out


def test_what_is_told_to_be_typed_is_what_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for prog in ("sonoflow", "python -m local"):
        assert cli.main(["status", "--state", str(tmp_path / "none")], prog=prog) == 1
        assert f"Start one with: {prog} up --state" in capsys.readouterr().err


def test_phantoms_are_drawn_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "[p].zip"
    assert cli.main(["phantoms", str(target), "--images-per-class", "1"]) == 0
    assert "[p].zip: 1 images each of benign, malignant, normal" in capsys.readouterr().out
    assert target.exists()

    assert cli.main(["phantoms"]) == 1
    assert "failed: name either the zip to write" in capsys.readouterr().err


def test_parameters_are_for_machines_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["parameters", "--json", "MinimumAccuracy"]) == 0

    (one,) = json.loads(capsys.readouterr().out)
    assert (one["name"], one["default"]) == ("MinimumAccuracy", "0.7")


def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    rows = "".join(f"{n},{'MB'[n % 2]},{n}.5,{n * n}\n" for n in range(24))
    (tmp_path / "t.csv").write_text("id,diagnosis,a,b\n" + rows)
    status = cli.main(["check", str(tmp_path / "t.csv"), *more])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_a_check_goes_by_the_parameters_that_it_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(tmp_path, capsys)[0] == 0

    given = 'StagingOptions={"minimum-rows-per-class": 13}'
    status, told = checked(tmp_path, capsys, "--parameter", given)

    assert status == 1
    assert "would be refused" in told
    assert "13" in told


def test_several_are_checked_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.zip").write_bytes(b"x")

    status, told = checked(tmp_path, capsys, str(tmp_path / "bad.zip"))

    assert status == 1
    assert told.index(f"{tmp_path}/t.csv\n") < told.index("would be trained on")
    assert told.index(f"{tmp_path}/bad.zip\n") < told.index("would be refused: not-a-zip")
    refused = checked(tmp_path, capsys, str(tmp_path / "bad.zip"), "--out", "page.html")
    assert (refused[0], "one by one" in refused[1]) == (1, True)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("stagingoption={}", "did you mean StagingOptions?"),
        ("MinimumAccuracy=7", "must be at most 1 (was '7')"),
        ('StagingOptions={"split-sed": 1}', "did you mean split-seed?"),
    ],
)
def test_a_check_refuses_what_is_no_parameter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, says: str
) -> None:
    status, told = checked(tmp_path, capsys, "--parameter", given)

    assert status == 1
    assert says in told
    assert "trained" not in told
