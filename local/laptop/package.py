"""Packages a template as `sam build` and `sam package` do: code and definitions become S3 objects.

A function's archive holds its source directory and, built by pip, the local packages that its
requirements.txt names (`./core`, from the repository root). Third-party requirements are not
copied: workers see those of this virtual environment, so it is checked that they are the very ones
that `sam build` would install, what requirements draw in included.
"""

from __future__ import annotations

import copy
import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from local.cloudformation.includes import INCLUDE, TRANSFORM, location
from local.cloudformation.template import parse
from local.runtime.failures import Failure
from local.runtime.requirements import constraints_file, distributions, is_local, lines

ARTIFACTS_BUCKET = "sonoflow-artifacts"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold: archives are reproducible
_LEFT_OUT = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "build"}
# what pip writes about how, and not what, it installed
_PIP_RECORDS = {"direct_url.json", "INSTALLER", "RECORD", "REQUESTED"}


class PackagingError(Failure):
    """The template's code cannot be packaged; the message names the resource and the file."""


class Packager:
    """Packages one template for one runtime. `cache` keeps built local packages between runs."""

    def __init__(self, s3: Any, root: Path, cache: Path) -> None:
        self._s3, self._root, self._cache = s3, root, cache
        self._built: dict[Path, Path] = {}

    def package(self, template: Path, report: Callable[[str], None] = print) -> dict[str, Any]:
        """The template, its local paths replaced by S3 locations."""
        document = copy.deepcopy(parse(template.read_text()))
        self._s3.create_bucket(Bucket=ARTIFACTS_BUCKET)
        defaults = (document.get("Globals") or {}).get("Function") or {}
        for logical_id, resource in document["Resources"].items():
            properties = resource.setdefault("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function":
                self._function(template.parent, logical_id, resource, defaults, report)
            elif resource["Type"] == "AWS::Serverless::StateMachine":
                uri = properties.get("DefinitionUri")
                if isinstance(uri, str) and not uri.startswith("s3://"):
                    path = self._existing(template.parent / uri, logical_id)
                    properties["DefinitionUri"] = self._upload(path.read_bytes(), path.suffix)
        self._includes(document, template.parent)
        for section in (defaults,):
            section.pop("CodeUri", None)
        return document

    def _includes(self, node: Any, base: Path) -> None:
        """Wherever a file is included: it may stand for anything."""
        if isinstance(node, list):
            for each in node:
                self._includes(each, base)
        elif isinstance(node, dict):
            if TRANSFORM in node and not (where := location(node[TRANSFORM])).startswith("s3://"):
                path = self._existing(base / where, INCLUDE)
                stored = self._upload(path.read_bytes(), path.suffix)
                uri = f"s3://{stored['Bucket']}/{stored['Key']}"
                node[TRANSFORM]["Parameters"]["Location"] = uri
            for each in node.values():
                self._includes(each, base)

    def _function(
        self,
        base: Path,
        logical_id: str,
        resource: dict[str, Any],
        defaults: dict[str, Any],
        report: Callable[[str], None],
    ) -> None:
        properties = resource["Properties"]
        method = (resource.get("Metadata") or {}).get("BuildMethod", "python")
        if not str(method).startswith("python"):
            raise PackagingError(f"{logical_id}: BuildMethod {method} is not implemented locally")
        if "InlineCode" in properties:
            return
        uri = properties.get("CodeUri", defaults.get("CodeUri"))
        if not isinstance(uri, str):
            raise PackagingError(f"{logical_id}: CodeUri {uri!r} is not a local directory")
        source = self._existing(base / uri, logical_id)
        report(f"packaging {logical_id}")
        properties["CodeUri"] = self._upload(self._archive(source, logical_id), ".zip")

    def _archive(self, source: Path, logical_id: str) -> bytes:
        files = dict(_files(source))
        requirements = source / "requirements.txt"
        for package in self._local_packages(requirements, logical_id):
            files |= dict(_files(package))
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in sorted(files.items()):
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
        return data.getvalue()

    def _local_packages(self, requirements: Path, logical_id: str) -> list[Path]:
        if not requirements.is_file():
            return []
        packages, named, pins = [], [], []
        where = f"{logical_id}: {requirements}"
        for line in lines(requirements.read_text()):
            if is_local(line):
                packages.append(self._build(self._existing(self._root / line, where)))
            elif name := constraints_file(line):
                file = self._existing(requirements.parent / name, where)
                pins += [_requirement(pin, where) for pin in lines(file.read_text())]
            else:
                named.append(_requirement(line, where))
        _check_installed(named, pins, where)
        return packages

    def _build(self, package: Path) -> Path:
        """The package as pip installs it; built once per content."""
        package = package.resolve()
        if package in self._built:
            return self._built[package]
        target = self._cache / f"{package.name}-{_digest(package)}"
        if not target.is_dir():
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._cache) as scratch:
                # built from a copy: setuptools leaves build/ and *.egg-info beside the source
                copied = Path(scratch) / package.name
                shutil.copytree(package, copied, ignore=shutil.ignore_patterns(*_LEFT_OUT))
                installed = Path(scratch) / "installed"
                _pip_install(copied, installed)
                try:
                    installed.rename(target)
                except OSError:  # another process was quicker
                    if not target.is_dir():
                        raise
        self._built[package] = target
        return target

    def _upload(self, data: bytes, suffix: str) -> dict[str, str]:
        key = f"{hashlib.sha256(data).hexdigest()}{suffix}"
        self._s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=key, Body=data)
        return {"Bucket": ARTIFACTS_BUCKET, "Key": key}

    @staticmethod
    def _existing(path: Path, what: str) -> Path:
        if not path.exists():
            raise PackagingError(f"{what}: {path} does not exist")
        return path


def _pip_install(package: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--no-compile", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--target", str(target), str(package)], capture_output=True, text=True
    )
    if done.returncode:
        raise PackagingError(f"pip could not build {package.name}:\n{done.stderr.strip()}")


def _requirement(line: str, where: str) -> Requirement:
    try:
        return Requirement(line)
    except InvalidRequirement as error:
        raise PackagingError(f"{where}: cannot read '{line}': {error}") from error


def _check_installed(named: list[Requirement], pins: list[Requirement], where: str) -> None:
    """Holds what workers would see against what pip would install, which is what is pinned."""
    try:
        installed = distributions(map(str, named))
    except PackageNotFoundError as error:
        raise PackagingError(
            f"{where}: {error.name} is not installed here; add it to requirements.txt"
        ) from None
    for wanted in [*named, *pins]:
        found = installed.get(canonicalize_name(wanted.name))
        if found and not wanted.specifier.contains(found.version, prereleases=True):
            raise PackagingError(f"{where}: wants {wanted}, but {found.version} is installed here")


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    """(archive name, path) of every file that belongs into an archive."""
    for path in sorted(directory.rglob("*")):
        parts = path.relative_to(directory).parts
        if path.is_file() and not _LEFT_OUT.intersection(parts) and parts[-1] not in _PIP_RECORDS:
            yield "/".join(parts), path


def _digest(package: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name, path in _files(package):
        if ".egg-info/" not in name:
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]
