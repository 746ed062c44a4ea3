"""Failures that are nobody's bug, a bad path or a runtime that died, told in one line each."""

from __future__ import annotations

import errno
from pathlib import Path

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import ConnectionError as NoConnection

# What a path, a disk or a port may be, other than its user thought.
_EXPECTED = {
    *(errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ETXTBSY),
    *(errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE, errno.EADDRINUSE),
}


class Failure(Exception):
    """What a person has to know of and can do something about; the message says what."""


def explain(error: Exception, log: Path) -> str | None:
    """The line for whoever gave the command; None for what nobody expected, whose traceback is
    worth more. `log` is the runtime's."""
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, HTTPClientError | NoConnection | IncompleteReadError):
        return f"The runtime does not answer any more: {error}. Its log is {log}."
    if isinstance(error, ClientError):
        return f"The runtime failed: {error}. Its log is {log}."
    if isinstance(error, OSError) and error.errno in _EXPECTED:
        where = "" if error.filename is None else f": {error.filename}"
        return f"{error.strerror}{where}"
    return None
