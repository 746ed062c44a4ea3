"""Ending what there is of a kind until there is nothing more."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from operations.account import Unfinished
from operations.destroy.clearing import Kind, clear


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "not now"}}, "End")


class Things:
    """What ends after it was asked so many times."""

    def __init__(self, **asked: int) -> None:
        self.asked = asked

    def end(self, name: str) -> None:
        self.asked[name] -= 1
        if self.asked[name] > 0:
            raise refusal("ValidationException")
        del self.asked[name]

    def kind(self, seconds: float = 60) -> Kind:
        return Kind("things", lambda: list(self.asked), self.end, seconds)


def test_what_is_refused_at_first_is_asked_again() -> None:
    """Given an endpoint that is being created, say, which cannot be deleted yet."""
    things, said = Things(at_once=1, later=3), list[str]()

    clear(things.kind(), said.append, poll=0)

    assert not things.asked
    assert said == ["things: at_once", "things: later"]


def test_what_comes_meanwhile_ends_too() -> None:
    things = Things(first=1)

    def end(name: str) -> None:
        things.end(name)
        if name == "first":
            things.asked["second"] = 1

    clear(Kind("things", lambda: list(things.asked), end), lambda line: None, poll=0)

    assert not things.asked


def test_what_does_not_end_is_named_with_the_reason() -> None:
    with pytest.raises(Unfinished, match=r"stubborn after 0 s .*ValidationException.*not now"):
        clear(Things(stubborn=9).kind(seconds=0), lambda line: None, poll=0)


def test_what_is_forbidden_is_not_asked_again() -> None:
    def end(name: str) -> None:
        raise refusal("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        clear(Kind("things", lambda: ["one"], end), lambda line: None, poll=0)
