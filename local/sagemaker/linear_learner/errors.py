"""Errors that the caller can put right: the request, the data, or what an endpoint is asked."""

from __future__ import annotations


class CustomerError(Exception):
    """Training cannot go on; the message becomes the job's failure reason."""


class PayloadError(Exception):
    """A request to the endpoint that cannot be answered, with the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
