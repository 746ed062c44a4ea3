"""Packaging: what `sam build` and `sam package` would do."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.laptop.package import Packager, PackagingError

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/greet/}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: machine.asl.json}
"""
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "shared"
version = "1.0"
"""


class Store:
    """As much of S3 as packaging needs."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def create_bucket(self, Bucket: str) -> None:
        pass

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Key] = Body


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built packages, kept by content: each content is built once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path, cache: Path) -> Path:
    function = tmp_path / "functions" / "greet"
    function.mkdir(parents=True)
    (function / "app.py").write_text("import shared\n")
    (function / "requirements.txt").write_text("# what it needs\n./shared\npytest>=9\n")
    (function / "__pycache__").mkdir()
    (function / "__pycache__" / "app.pyc").write_text("stale")
    shared = tmp_path / "shared"
    (shared / "shared").mkdir(parents=True)
    (shared / "pyproject.toml").write_text(PROJECT)
    (shared / "shared" / "__init__.py").write_text("VALUE = 1\n")
    (tmp_path / "machine.asl.json").write_text("{}")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "cache").symlink_to(cache)
    return tmp_path


def package(project: Path, store: Store) -> dict[str, Any]:
    packager = Packager(store, project, project / "cache")
    document = packager.package(project / "template.yaml", lambda line: None)
    resources: dict[str, Any] = document["Resources"]
    return resources


def members(store: Store, location: dict[str, str]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(store.objects[location["Key"]])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_archive_holds_the_source_and_its_local_packages(project: Path) -> None:
    store = Store()

    resources = package(project, store)

    found = members(store, resources["Greet"]["Properties"]["CodeUri"])
    assert found["app.py"] == b"import shared\n"
    assert found["shared/__init__.py"] == b"VALUE = 1\n"
    assert not [name for name in found if "__pycache__" in name or "direct_url" in name]


def test_a_definition_becomes_an_s3_location(project: Path) -> None:
    store = Store()

    location = package(project, store)["Machine"]["Properties"]["DefinitionUri"]

    assert store.objects[location["Key"]] == b"{}"


def test_the_same_content_gives_the_same_archive_and_a_change_another(project: Path) -> None:
    first = package(project, Store())["Greet"]["Properties"]["CodeUri"]
    second = package(project, Store())["Greet"]["Properties"]["CodeUri"]
    (project / "shared" / "shared" / "__init__.py").write_text("VALUE = 2\n")
    store = Store()

    third = package(project, store)["Greet"]["Properties"]["CodeUri"]

    assert first == second != third
    assert members(store, third)["shared/__init__.py"] == b"VALUE = 2\n"


def test_building_leaves_nothing_beside_the_source(project: Path) -> None:
    before = sorted(path for path in (project / "shared").rglob("*"))

    package(project, Store())

    assert sorted(path for path in (project / "shared").rglob("*")) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not-a-real-package==1.0", "not-a-real-package is not installed here"),
        ("pytest==1.0", "wants pytest==1.0, but .* is installed here"),
        ("./nowhere", "nowhere does not exist"),
        ("what is this", "cannot read 'what is this'"),
    ],
)
def test_a_requirement_that_cannot_be_met_is_an_error(
    project: Path, line: str, message: str
) -> None:
    (project / "functions" / "greet" / "requirements.txt").write_text(f"{line}\n")

    with pytest.raises(PackagingError, match=message):
        package(project, Store())


def test_what_a_requirement_draws_in_is_held_against_the_constraints(project: Path) -> None:
    """As pip does: a constraint on what is not drawn in asks for nothing."""
    (project / "pins.txt").write_text("not-a-real-package==1.0\npluggy==0.1\n")
    text = "-c ../../pins.txt\npytest\n"
    (project / "functions" / "greet" / "requirements.txt").write_text(text)

    with pytest.raises(PackagingError, match=r"wants pluggy==0\.1, but .* is installed here"):
        package(project, Store())


def test_constraints_that_are_not_there_are_an_error(project: Path) -> None:
    (project / "functions" / "greet" / "requirements.txt").write_text("-c gone.txt\npytest\n")

    with pytest.raises(PackagingError, match=r"gone\.txt does not exist"):
        package(project, Store())


def test_a_requirement_of_another_platform_is_not_checked(project: Path) -> None:
    text = "not-a-real-package==1.0; sys_platform == 'win32'\n"
    (project / "functions" / "greet" / "requirements.txt").write_text(text)

    package(project, Store())


def test_a_package_that_pip_cannot_build_is_an_error_that_says_why(project: Path) -> None:
    (project / "shared" / "pyproject.toml").write_text("[project]\nname = 1\n")

    with pytest.raises(PackagingError, match="pip could not build shared"):
        package(project, Store())


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("{CodeUri: functions/gone/}", "gone does not exist"),
        ("{Runtime: python3.13}", "CodeUri None is not a local directory"),
    ],
)
def test_a_function_without_code_is_an_error(project: Path, properties: str, message: str) -> None:
    text = TEMPLATE.replace("{CodeUri: functions/greet/}", properties)
    (project / "template.yaml").write_text(text)

    with pytest.raises(PackagingError, match=message):
        package(project, Store())


def test_code_of_the_globals_is_used(project: Path) -> None:
    text = TEMPLATE.replace("Properties: {CodeUri: functions/greet/}", "Properties: {}")
    text += "Globals: {Function: {CodeUri: functions/greet/}}\n"
    (project / "template.yaml").write_text(text)

    location = package(project, Store())["Greet"]["Properties"]["CodeUri"]

    assert location["Key"].endswith(".zip")


def test_inline_code_is_left_alone(project: Path) -> None:
    text = TEMPLATE.replace("{CodeUri: functions/greet/}", "{InlineCode: 'x = 1'}")
    (project / "template.yaml").write_text(text)

    assert package(project, Store())["Greet"]["Properties"] == {"InlineCode": "x = 1"}


def test_an_included_file_is_uploaded_and_named_where_it_stood(project: Path) -> None:
    template = project / "template.yaml"
    include = "{Fn::Transform: {Name: AWS::Include, Parameters: {Location: board.yaml}}}"
    board = (
        f"  Board: {{Type: AWS::CloudWatch::Dashboard, Properties: {{DashboardBody: {include}}}}}"
    )
    template.write_text(f"{template.read_text()}\n{board}\n")
    with pytest.raises(PackagingError, match=r"AWS::Include: .*board.yaml does not exist"):
        package(project, Store())
    (project / "board.yaml").write_text("Fn::Sub: x")
    store = Store()

    resources = package(project, store)

    body = resources["Board"]["Properties"]["DashboardBody"]
    uri = body["Fn::Transform"]["Parameters"]["Location"]
    assert uri.startswith("s3://sonoflow-artifacts/")
    assert store.objects[uri.rpartition("/")[2]] == b"Fn::Sub: x"
