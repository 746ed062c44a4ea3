"""What the documents name is there: modules, commands, parameters."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import cli
from local.laptop import parameters

NAMED = re.compile(r"`(\w[\w./-]*\.(?:py|json|toml|yaml))`")
# Where a path of a document may begin.
PLACES = ("", "core/sonoflow", "model_code", "model_code/sonomodel", "local")
# Those of docs/ that say what to type.
TYPED = ("answers", "architecture", "aws", "drop", "feedback", "layouts", "parameters", "training")
# Objects of S3 and files of a job, which no checkout holds.
ELSEWHERE = re.compile(
    r"^(model|history|diagnostics|evaluation|comparison|config|summary|runtime|parameters|table|table_statistics)\.(json|yaml)$"
)


def named(document: str) -> list[str]:
    return [name for name in NAMED.findall(document) if not ELSEWHERE.match(name)]


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_module_that_a_document_names_exists(root: Path, document: str) -> None:
    names = named((root / document).read_text("utf-8"))

    assert len(names) > 10
    missing = [
        name for name in names if not any((root / place / name).exists() for place in PLACES)
    ]
    assert missing == []


def test_a_module_that_is_gone_is_found() -> None:
    assert named("read by `images/gone.py` from `model.json`") == ["images/gone.py"]


def test_every_result_says_which_state_it_was_measured_at(root: Path) -> None:
    results = root / "docs/results"
    rows = re.findall(
        r"\| (\[.*\]\(.*\)) \| .* \| ([0-9a-f]{7}) \|", (results / "README.md").read_text()
    )

    told = {name for links, _ in rows for name in re.findall(r"\((\S+\.json)\)", links)}

    assert told == {path.name for path in results.glob("*.json")}


def commands_of(document: str) -> list[str]:
    """What a document says to type: lines of code, and code within sentences."""
    blocks = re.findall(r"^(?:```[^\n]*\n(.*?)^```|((?:    .*\n)+))", document, re.DOTALL | re.M)
    lines = [line.strip() for block in blocks for line in "".join(block).splitlines()]
    lines += re.findall(r"`((?:\.venv/bin/)?sonoflow [^`]+)`", document)
    found = (re.sub(r"\s{1,}#.*$", "", line) for line in lines)
    return [line for line in found if re.match(r"(\.venv/bin/)?sonoflow [a-z]", line)]


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{name}.md" for name in TYPED)],
)
def test_every_command_of_a_document_is_one(root: Path, document: str) -> None:
    """With the options that it has: by the command's own parser."""
    lines = commands_of((root / document).read_text("utf-8"))

    assert lines
    for line in lines:
        for choice in line.split(" | ") if " | " in line else [line]:
            words = [word for word in shlex.split(choice) if word != "…"]
            words = words[1:] if words[0].endswith("sonoflow") else words
            if "[" not in line:  # what is optional is written so
                parse(words, line)


def parse(words: list[str], line: str) -> None:
    asked = {"feedback": ["scan.png", "--withdraw"], "drop": ["scan.png"], "collect": ["data"]}
    more = asked.get(words[0], []) if len(words) == 1 else []
    more += ["DIR"] if words == ["watch"] else ["data.zip"] if words == ["check"] else []
    try:
        cli.parser().parse_args([*words, *more])
    except SystemExit as error:
        raise AssertionError(f"{line!r} is no command") from error


def test_a_command_that_is_none_is_found() -> None:
    for line in ("sonoflow dorp a.zip", "sonoflow drop a.zip --too datasets/"):
        assert commands_of(f"see\n\n    {line}    # so\n") == [line]
        with pytest.raises(AssertionError, match="is no command"):
            parse(shlex.split(line)[1:], line)


def test_the_table_of_parameters_is_the_templates(root: Path) -> None:
    table = parameters.as_table(parameters.read(root / "template.yaml"))

    told = (root / "docs/parameters.md").read_text("utf-8")
    assert table in told, "put what `sonoflow parameters --markdown` prints at its end"


@pytest.mark.slow
def test_the_commands_that_need_no_runtime_do_what_the_documents_say(
    root: Path, tmp_path: Path
) -> None:
    """Own data in five commands, as far as nothing has to be trained, in a folder of one's own."""

    def sonoflow(*words: str) -> subprocess.CompletedProcess[str]:
        program = f"import sys; from local.cli import main; sys.exit(main({list(words)!r}))"
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )

    told = (root / "docs/drop.md").read_text("utf-8")
    drawn = next(line for line in commands_of(told) if " phantoms " in line)
    words = shlex.split(drawn.replace("200", "5"))[1:]
    assert sonoflow(*words).returncode == 0
    shutil.unpack_archive(tmp_path / "data.zip", tmp_path / "data")
    for line in commands_of(told):
        if line.endswith((" doctor", " check data/")):
            done = sonoflow(*shlex.split(line)[1:])
            assert done.returncode == 0, done.stdout + done.stderr
