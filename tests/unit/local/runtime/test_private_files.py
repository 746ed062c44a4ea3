from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.runtime.private_files import (
    NotPrivate,
    open_private,
    private_folder,
    state_folder,
    unpack,
)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """The umask of a user who gives everything to everyone."""
    previous = os.umask(0)
    yield
    os.umask(previous)


def test_a_new_state_folder_is_the_users_alone(tmp_path: Path) -> None:
    state_folder(tmp_path / "a" / "state")

    assert mode(tmp_path / "a" / "state") == 0o700


@pytest.mark.parametrize("content", [[], ["runs"]])
def test_a_state_folder_from_before_is_taken_over(content: list[str], tmp_path: Path) -> None:
    for name in content:
        (tmp_path / name).mkdir()
    tmp_path.chmod(0o777)

    state_folder(tmp_path)

    assert mode(tmp_path) == 0o700


def test_a_folder_of_other_things_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    tmp_path.chmod(0o755)

    state_folder(tmp_path)

    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize("permissions", [0o775, 0o777, 0o1777])
def test_a_folder_of_other_things_that_others_may_write_in_is_refused(
    permissions: int, tmp_path: Path
) -> None:
    (tmp_path / "README.md").touch()
    tmp_path.chmod(permissions)

    with pytest.raises(NotPrivate, match=f"Others may write in {tmp_path}"):
        state_folder(tmp_path)

    assert mode(tmp_path) == permissions


def test_a_folder_for_everybodys_files_is_refused_even_if_it_is_empty(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    with pytest.raises(NotPrivate, match="give a state folder of your own"):
        state_folder(tmp_path)

    assert mode(tmp_path) == 0o1777


def test_another_users_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)

    with pytest.raises(NotPrivate, match="belongs to another user"):
        state_folder(tmp_path)


def test_a_folder_of_the_runtimes_own_is_closed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()

    assert mode(private_folder(tmp_path / "runs")) == 0o700


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_emptied_and_closed_to_others(there: bool, tmp_path: Path) -> None:
    path = tmp_path / "runtime.log"
    if there:
        path.write_text("earlier")
        path.chmod(0o666)

    with open_private(path) as file:
        file.write("new")

    assert (path.read_text(), mode(path)) == ("new", 0o600)


def test_a_link_in_a_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "runtime.log").symlink_to(tmp_path / "precious")

    with pytest.raises(OSError, match="symbolic link"):
        open_private(tmp_path / "runtime.log")

    assert (tmp_path / "precious").read_text() == "kept"


def test_what_is_unpacked_brings_no_permissions_for_others(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, permissions in (("train.py", 0o644), ("tool", 0o777)):
            member = tarfile.TarInfo(name)
            member.mode = permissions
            archive.addfile(member)
    packed.seek(0)

    with tarfile.open(fileobj=packed) as archive:
        unpack(archive, tmp_path)

    assert (mode(tmp_path / "train.py"), mode(tmp_path / "tool")) == (0o600, 0o700)


def test_what_leads_out_of_its_folder_is_not_unpacked(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../planted"))
    packed.seek(0)

    with (
        tarfile.open(fileobj=packed) as archive,
        pytest.raises(tarfile.OutsideDestinationError),
    ):
        unpack(archive, tmp_path / "folder")
