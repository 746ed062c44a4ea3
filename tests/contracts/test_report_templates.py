"""The reports on a data set and on a model have one look, though model code takes nothing of core:
what makes it lies in both packages, as one and the same file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

FOLDERS = ("core/sonoflow/reports/templates", "model_code/sonomodel/report/templates")
SHARED = ("base.html", "macros.html", "style.html")


def names(root: Path, folder: str) -> set[str]:
    return {path.name for path in (root / folder).iterdir()}


@pytest.mark.parametrize("name", SHARED)
def test_what_both_reports_share_is_the_same(root: Path, name: str) -> None:
    one, other = ((root / folder / name).read_bytes() for folder in FOLDERS)

    assert one == other, f"copy {name} from one folder to the other: {FOLDERS}"


def test_nothing_else_is_named_alike_but_the_pages_themselves(root: Path) -> None:
    """A file of both folders that nobody compares would drift apart unseen."""
    one, other = (names(root, folder) for folder in FOLDERS)

    assert one & other == {*SHARED, "report.html"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_page_brings_no_look_of_its_own_and_asks_for_nothing(root: Path, folder: str) -> None:
    for name in names(root, folder):
        text = (root / folder / name).read_text(encoding="utf-8")
        assert ("<style" in text) == (name == "base.html"), name
        assert not re.search(r"<script|<link|https?:|url\(|@import", text), name
        assert not re.search(r"\|\s*safe\b|autoescape", text), f"{name} marks text as markup"


@pytest.mark.parametrize(
    ("project", "package", "below"),
    [
        ("core", "sonoflow", FOLDERS[0].removeprefix("core/sonoflow/")),
        ("model_code", "sonoflow_model_code.sonomodel.report", "templates"),
    ],
)
def test_templates_are_installed_with_their_package(
    root: Path, project: str, package: str, below: str
) -> None:
    declared = tomllib.loads((root / project / "pyproject.toml").read_text())

    assert f"{below}/*.html" in declared["tool"]["setuptools"]["package-data"][package]
