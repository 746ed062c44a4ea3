"""What is outside of a data set's masks: nearly always black, and if not, then for all of them."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable

import numpy as np

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import binary_masks, stored_masks
from sonoflow.images.classes import NORMAL
from sonoflow.images.reading import BLACK, WHITE, Reading, Token, spelt
from sonoflow.images.samples import Sample
from sonoflow.images.stored_masks import StoredMask

# Of the masks that tell anything, how many must tell the same.
_MOST = 0.75
# Of a mask's border, what the outside must hold for a mask to tell anything, and of all of it.
_BORDER, _AREA = 0.6, 0.5
_NEAR = 32  # levels that JPEG may change


def decide(taken: Iterable[Sample], given: Reading) -> tuple[Reading, list[Assumption]]:
    """Raises DatasetRefused (mask-polarity)."""
    if given.polarity_known:
        return given, []
    votes: collections.Counter[Token] = collections.Counter()
    empty: collections.Counter[Token] = collections.Counter()
    seen: set[Token] = set()
    for sample in taken:
        for stored in sample.stored_masks():
            if (ground := of(stored)) is not None:
                votes[ground] += 1
                seen |= set(stored.tokens)
            elif sample.label == NORMAL and (alone := _alone(stored)) is not None:
                empty[alone] += 1
    votes += _meant(empty, votes)
    if not votes:
        return given, []
    ground, count = votes.most_common(1)[0]
    if count < _MOST * votes.total():
        raise _contradiction(votes)
    if ground == BLACK:
        return given, []
    return dataclasses.replace(given, outside=ground), [_assumed(ground, count, votes, seen)]


def _alone(stored: StoredMask) -> Token | None:
    """What a mask of one value holds: nothing else is outside where there is no lesion."""
    if len(stored.tokens) != 1:
        return None
    token = next(iter(stored.tokens))
    return WHITE if token == (65535,) else token


def _meant(
    empty: collections.Counter[Token], votes: collections.Counter[Token]
) -> collections.Counter[Token]:
    """Masks of one value, as those of two are: 1 is white beside 0, and not beside 2."""
    ones, white = (1,) in votes, WHITE in votes
    return collections.Counter(
        {WHITE if token == (1,) and white and not ones else token: n for token, n in empty.items()}
    )


def of(stored: StoredMask) -> Token | None:
    """The value or colour that holds a mask's border and most of it; None where there is none, or
    where there is but one value."""
    values = stored.values
    if len(stored.tokens) == 1:
        return None
    border = np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])
    if stored.kind == stored_masks.COLOUR:
        middle = np.median(border, axis=0).astype(np.uint8)
        slack = 0 if stored.tokens and stored.exact else _NEAR
        held = (np.abs(border.astype(int) - middle).max(axis=1) <= slack).mean()
        token = tuple(int(part) for part in middle)
        whole = (stored_masks.distance(stored, token) <= slack).mean()
        return _plain(token, slack) if held >= _BORDER and whole >= _AREA else None
    if stored.tokens and stored.exact:
        found, counts = np.unique(border, return_counts=True)
        value, held = int(found[counts.argmax()]), counts.max() / border.size
        if held < _BORDER or (values == value).mean() < _AREA:
            return None
        return _value(stored, value)
    for token in (BLACK, WHITE):
        near = stored_masks.distance(stored, token) < 2 * _NEAR
        if (np.abs(border.astype(int) - token[0]) < 2 * _NEAR).mean() >= _BORDER:
            return token if near.mean() >= _AREA else None
    return None


def _plain(colour: Token, slack: int) -> Token:
    """Black and white by one number, as those of grey masks."""
    if max(colour) <= slack:
        return BLACK
    return WHITE if min(colour) >= 255 - slack else colour


def _value(stored: StoredMask, value: int) -> Token:
    highest = max(token[0] for token in stored.tokens)
    bright = value in (255, 65535) or (value == 1 and highest == 1)
    return WHITE if bright and value == highest else (value,)


def _contradiction(votes: collections.Counter[Token]) -> DatasetRefused:
    counts = ", ".join(f"{spelt(token)} in {count}" for token, count in votes.most_common(4))
    detail = f"of {votes.total()} masks looked at, what lies around is not the same in all: "
    detail += f"{counts}. If it is never the lesion, say so in the mapping: "
    return DatasetRefused(binary_masks.POLARITY, detail + '{"masks": {"lesion": "inside"}}')


def _assumed(
    ground: Token, count: int, votes: collections.Counter[Token], seen: set[Token]
) -> Assumption:
    looked = f"in {count} of {votes.total()} masks looked at "
    if ground == WHITE:
        detail = looked + "white lies all around, and black inside; black is taken for the lesion"
        return Assumption(binary_masks.POLARITY, detail, '{"masks": {"lesion": "bright"}}')
    detail = looked + f"{spelt(ground)} lies all around; all else is taken for the lesion"
    others = sorted(seen - {ground}) or [BLACK]
    other = spelt(others[0])
    word = f'"{other}"' if isinstance(other, str) else other
    return Assumption(binary_masks.OUTSIDE, detail, f'{{"masks": {{"outside": {word}}}}}')
