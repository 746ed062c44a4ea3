"""Quotes around cells, where all that they do is to be there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_QUOTE, _NEWLINE = ord('"'), ord("\n")


def without_quotes(data: bytes, delimiter: str) -> bytes:
    """Whole lines, without quotes in lines that mean the same without them.

    That is so where each quote opens or closes a cell and no cell holds a delimiter or a quote.
    Other lines stay as they are: a quote in what this gives needs a closer look.
    """
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    quotes = np.flatnonzero(text == _QUOTE)
    separators = np.flatnonzero((text == ord(delimiter)) | (text == _NEWLINE))
    line_of = np.searchsorted(ends, quotes)
    # Quotes of earlier lines do not count: an unclosed one spoils its own line only.
    before = np.searchsorted(quotes, np.concatenate([[0], ends[:-1] + 1]))
    closing = (np.arange(len(quotes)) - before[line_of]) % 2 == 1
    neighbour = np.where(closing, quotes + 1, quotes - 1)
    edge = np.isin(text[neighbour], (ord(delimiter), _NEWLINE)) | (neighbour < 0)
    awkward = np.zeros(len(ends), dtype=bool)
    awkward[line_of[~edge]] = True
    lines = np.searchsorted(ends, separators)
    inside = (np.searchsorted(quotes, separators) - before[lines]) % 2 == 1
    awkward[lines[inside]] = True  # a line feed inside: the quote is never closed
    kept = np.ones(len(text), dtype=bool)
    kept[quotes[~awkward[line_of]]] = False
    plain: NDArray[np.uint8] = text[kept]
    return plain.tobytes()
