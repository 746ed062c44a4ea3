"""Errors that the caller can put right: the request, the data, the model, the question to it."""

from __future__ import annotations


class CustomerError(Exception):
    """Training cannot go on; the message becomes the job's failure reason."""


class ArtifactInvalid(Exception):
    """A directory that holds no model of this format."""


class PayloadError(Exception):
    """A request to the endpoint that cannot be answered, with the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
