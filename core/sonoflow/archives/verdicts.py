"""Which members of an archive may be read at all, judged by the index alone."""

from __future__ import annotations

import re
import stat
import unicodedata

from sonoflow.archives import methods
from sonoflow.archives.directory import NAME_BYTES_LIMIT, Index, Member
from sonoflow.quarantine import SetAside

LOCAL_HEADER_BYTES = 30
# Deflate reaches 1,000:1 on an empty bitmap, which is small; a large file does so on purpose.
RATIO_LIMIT = 200
RATIO_FREE_BYTES = 8 * 1024 * 1024

ENCRYPTED = 0x1 | 0x40 | 0x2000  # bits of a member's flags: by password, strongly, the directory
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ARCHIVE = re.compile(r"\.(zipx?|jar|tar|t?gz|t?bz2|t?xz|zst|7z|rar|cab|iso|lz|lzma)")
_SYSTEM = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
Judged = tuple[dict[str, Member], list[SetAside]]


def judge(index: Index, file_bytes_limit: int) -> Judged:
    """The members that may be read, by canonical path, and what is set aside.

    None of more than `file_bytes_limit` bytes unpacked may be read.

    Folders and files of the system are passed over. Of one name the last counts, which is the one
    that any unzip leaves on the disk.
    """
    overlapping = _overlapping(index)
    usable: dict[str, Member] = {}
    set_aside: list[SetAside] = []
    seen: dict[str, Member] = {}
    for number in range(len(index.members) - 1, -1, -1):
        member = index.members[number]
        problem = _unsafe_name(member)
        if problem is None:
            if _passed_over(member):
                continue
            path = canonical(member.name)
            problem = _problem(member, index.end, number in overlapping, file_bytes_limit)
            if path in seen:
                detail = "the archive holds a later file of the same name, which is used instead"
                problem = "duplicate-name", detail
            seen[path] = member
            if problem is None:
                usable[path] = member
        if problem is not None:
            set_aside.append(SetAside(member.name, *problem))
    return usable, set_aside


def canonical(name: str) -> str:
    """The path that a name means: some archivers of Windows write backslashes, those of macOS
    take accents apart."""
    parts = name.replace("\\", "/").split("/")
    return unicodedata.normalize("NFC", "/".join(part for part in parts if part not in ("", ".")))


def _unsafe_name(member: Member) -> tuple[str, str] | None:
    name = member.name
    if not member.readable or _CONTROL.search(name):
        return "unreadable-name", "the name is not text in the encoding that it claims"
    if member.name_bytes > NAME_BYTES_LIMIT:
        return "name-too-long", f"{member.name_bytes} bytes, the limit is {NAME_BYTES_LIMIT}"
    if name.startswith(("/", "\\")):
        return "absolute-path", "the name is an absolute path"
    if _DRIVE.match(name):
        return "drive-path", "the name begins with a drive"
    if ".." in name.replace("\\", "/").split("/"):
        return "path-climbs-out", "the name leads out of the archive's folder"
    return None


def _passed_over(member: Member) -> bool:
    parts = canonical(member.name).split("/")
    if member.name.endswith(("/", "\\")) and member.size == 0:
        return True
    return any(part.startswith(".") or part in _SYSTEM for part in parts)


def _problem(member: Member, end: int, overlaps: bool, bytes_limit: int) -> tuple[str, str] | None:
    kind = stat.S_IFMT(member.mode)
    if kind == stat.S_IFLNK:
        return "symbolic-link", "a link is no file"
    if kind not in (0, stat.S_IFREG):
        return "special-file", "a device, a folder or the like, no file"
    if member.name.endswith(("/", "\\")):
        return "special-file", "a folder that claims to have content"
    if member.flags & ENCRYPTED:
        return "encrypted", "the file is encrypted; send it without password"
    if member.name.lower().endswith(".nii.gz"):
        return "unsupported-extension", ".nii.gz is NIfTI; send its slices as PNG"
    if _ARCHIVE.fullmatch(suffix(member.name)):
        return "nested-archive", "an archive within the archive is not opened"
    if member.method not in methods.READ:
        return "unsupported-compression", methods.unsupported(member.method)
    if member.offset < 0 or member.offset + _extent(member) > end:
        return "size-mismatch", "by the directory, the file reaches beyond the archive's data"
    if member.method == methods.STORED and member.packed != member.size:
        detail = f"stored, yet {member.packed} bytes are said to become {member.size}"
        return "size-mismatch", detail
    if overlaps:
        return "overlapping", "its bytes are shared with another file of the archive"
    if member.size > max(RATIO_FREE_BYTES, RATIO_LIMIT * member.packed):
        return "ratio-bomb", f"{member.packed} bytes would become {member.size}"
    if member.size > bytes_limit:
        return "too-large", f"{member.size} bytes unpacked, the limit is {bytes_limit}"
    return None


def suffix(name: str) -> str:
    """In lower case, with the dot; empty if there is none."""
    last = canonical(name).rpartition("/")[2]
    return f".{last.rpartition('.')[2].lower()}" if "." in last[1:] else ""


def _extent(member: Member) -> int:
    """Bytes that the member takes at least."""
    return LOCAL_HEADER_BYTES + member.name_bytes + member.packed


def _overlapping(index: Index) -> set[int]:
    """The numbers of members that share bytes with another, in one sweep over their places.

    One that reaches beyond the archive is out anyway, and must not cost the others.
    """
    members = index.members
    found: set[int] = set()
    reach, holder = -1, -1
    for number in sorted(range(len(members)), key=lambda number: members[number].offset):
        member = members[number]
        end = member.offset + _extent(member)
        if end > index.end:
            continue
        if member.offset < reach:
            found.update((number, holder))
        if end > reach:
            reach, holder = end, number
    return found
