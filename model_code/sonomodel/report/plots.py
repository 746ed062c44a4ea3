"""The plots of a model's report, as SVG: the training image has no plotting library.

Colours are the page's CSS variables, so that a plot follows the page into dark mode. A plot is as
wide as a phone, where its text must be read; on a larger screen it grows with the page.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

WIDTH = 360  # of the drawing's own units, as are those below
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 16, 34
_HEIGHT = 200
_TICKS = 5
DASHES = ("", "6 3", "2 3", "8 3 2 3")  # of the first series, the second, ...
Point = tuple[float, float | None]

_SVG = Markup(
    '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="11"'
    ' fill="var(--soft)">{}</svg>'
)
_KEY = Markup(
    '<span class="key"><svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true">'
    '<line x1="0" y1="4" x2="26" y2="4" {}/></svg>{}</span>'
)
_GRID = Markup('<line stroke="var(--line)" x1="{}" y1="{}" x2="{}" y2="{}"/>')
_DASHED = Markup(
    '<line stroke="var(--soft)" stroke-dasharray="4 3" x1="{}" y1="{}" x2="{}" y2="{}"/>'
)
_UPRIGHT = Markup(
    '<line stroke="var(--ink)" stroke-dasharray="1 3" x1="{}" y1="{}" x2="{}" y2="{}"/>'
)
_BAR = Markup(
    '<rect fill="var(--class-0)" fill-opacity=".35" x="{:.2f}" y="{}" width="{:.2f}"'
    ' height="{:.2f}"/>'
)
_DOT = Markup('<circle fill="var(--class-0)" r="4" cx="{}" cy="{}"/>')
_RING = Markup(
    '<circle fill="none" stroke="var(--class-1)" stroke-width="1.6" r="4" cx="{}" cy="{}"/>'
)


@dataclasses.dataclass(frozen=True)
class Series:
    """A line; where a value is None it is broken."""

    name: str
    points: Sequence[Point]


@dataclasses.dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` onto places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (self._warped(each) for each in (self.low, self.high, value))
        share = (value - low) / (high - low)
        return round(self.start + share * (self.end - self.start), 2)

    def _warped(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value

    def ticks(self) -> list[float]:
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers]
        step = tick_step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        count = math.floor(self.high / step + 1e-9) - first + 1
        return [round((first + number) * step, 10) for number in range(count)]


def tick_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that there are a few ticks."""
    rough = span / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def lines(
    description: str,
    series: Sequence[Series],
    *,
    marked: float | None = None,
    limits: Mapping[str, float] | None = None,
    within: tuple[float, float] | None = None,
    log: bool = False,
) -> Markup:
    """Lines over epochs, with a legend. `marked`: the epoch that was kept. `limits`: values to draw
    level lines at, by name. `within`: the ends of the value axis, if the data do not set them."""
    limits = limits or {}
    values = [value for one in series for _, value in one.points if value is not None]
    epochs = [epoch for one in series for epoch, _ in one.points]
    if not values:
        return Markup()
    low, high = within or _ends([*values, *limits.values()], log=log)
    across = Scale(min(epochs), max(max(epochs), min(epochs) + 1), _LEFT + 6, WIDTH - _RIGHT - 6)
    up = Scale(low, high, _HEIGHT - _BOTTOM, _TOP, log)
    parts = [_axes(across, up, "epoch", whole=True)]
    parts += [_limit(up, name, value) for name, value in limits.items()]
    if marked is not None:
        parts.append(_marked(across(marked), f"best epoch {marked:g}"))
    parts += [_line(one.points, across, up, number) for number, one in enumerate(series)]
    return svg(_HEIGHT, description, parts) + legend([one.name for one in series])


def _ends(values: Sequence[float], *, log: bool) -> tuple[float, float]:
    if log:
        positive = [value for value in values if value > 0] or [1.0]
        low = 10.0 ** math.floor(math.log10(min(positive)))
        return low, max(10.0 ** math.ceil(math.log10(max(positive))), 10 * low)
    low, high = min(0.0, *values), max(0.0, *values)
    return low, high + 0.05 * (high - low) if high > low else low + 1.0


def bars(
    description: str, counts: Sequence[int], edges: Sequence[float], label: str, middle: float
) -> Markup:
    """A histogram of counts, the median drawn."""
    across = Scale(edges[0], edges[-1], _LEFT, WIDTH - _RIGHT)
    up = Scale(0, max(*counts, 1) * 1.12, _HEIGHT - _BOTTOM, _TOP)
    parts = [_axes(across, up, label, whole=True)]
    for count, left, right in zip(counts, edges, edges[1:], strict=False):
        x, width = across(left), across(right) - across(left)
        parts.append(_bar(x, width, up(count), up(0)))
        if count:
            parts.append(_text(x + width / 2, up(count) - 4, str(count), "middle"))
    parts.append(_marked(across(middle), f"median {middle:.2f}"))
    return svg(_HEIGHT, description, parts)


def reliability(
    description: str, bins: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> Markup:
    """Accuracy against confidence; where the two are equal, the model means what it says."""
    height = 290
    across = Scale(0, 1, _LEFT, WIDTH - _RIGHT)
    up = Scale(0, 1, height - _BOTTOM, _TOP)
    parts = [_axes(across, up, "probability of the label", bottom=height - _BOTTOM)]
    for one in _filled(bins):
        x, width = across(one["low"]), across(one["high"]) - across(one["low"])
        parts.append(_bar(x, width, up(one["accuracy"]), up(0)))
        parts.append(_text(x + width / 2, up(0) - 4, str(one["images"]), "middle"))
    parts.append(_DASHED.format(across(0), up(0), across(1), up(1)))
    for mark, group in ((_RING, before), (_DOT, bins)):
        parts += [
            mark.format(across(one["confidence"]), up(one["accuracy"])) for one in _filled(group)
        ]
    return svg(height, description, parts)


def _filled(bins: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in bins if one["images"]]


def svg(height: int, description: str, parts: Iterable[Markup]) -> Markup:
    return _SVG.format(WIDTH, height, description, Markup().join(parts))


def legend(names: Sequence[str]) -> Markup:
    """What each line is; told apart by dashes as well as by colour."""
    keys = [_KEY.format(_stroke(number), name) for number, name in enumerate(names)]
    return Markup('<p class="legend">{}</p>').format(Markup().join(keys))


def _stroke(number: int) -> Markup:
    dashes = DASHES[number % len(DASHES)]
    dashed = Markup(' stroke-dasharray="{}"').format(dashes) if dashes else ""
    return Markup('stroke="{}" stroke-width="2" fill="none"{}').format(_colour(number), dashed)


def _colour(number: int) -> str:
    return f"var(--class-{number % 4})"


def _axes(
    across: Scale, up: Scale, label: str, *, whole: bool = False, bottom: float = _HEIGHT - _BOTTOM
) -> Markup:
    """Grid, ticks and the name of the horizontal axis. `whole`: no tick between two of them."""
    parts = []
    for tick in up.ticks():
        y = up(tick)
        parts.append(_GRID.format(_LEFT, y, WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 6, y + 4, short(tick), "end"))
    for tick in across.ticks():
        if across.high > 1 and whole and tick != round(tick):
            continue
        parts.append(_text(across(tick), bottom + 15, short(tick), "middle"))
    parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, bottom + 30, label, "middle"))
    return Markup().join(parts)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.2f}" y="{:.2f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, text
    )


def short(value: float) -> str:
    """0.002 → `0.002`, 0.00002 → `2e-05`, 10000 → `10000`."""
    return f"{value:.4g}"


def _bar(x: float, width: float, top: float, bottom: float) -> Markup:
    return _BAR.format(x + 1, top, width - 2, bottom - top)


def _line(points: Sequence[Point], across: Scale, up: Scale, number: int) -> Markup:
    pieces: list[list[tuple[float, float]]] = [[]]
    for x, value in points:
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((across(x), up(value)))
    drawn = []
    for piece in pieces:
        if len(piece) == 1:
            dot = Markup('<circle cx="{}" cy="{}" r="2.5" fill="{}"/>')
            drawn.append(dot.format(*piece[0], _colour(number)))
        elif piece:
            places = " ".join(f"{x},{y}" for x, y in piece)
            drawn.append(Markup('<polyline points="{}" {}/>').format(places, _stroke(number)))
    return Markup().join(drawn)


def _marked(x: float, text: str) -> Markup:
    """An upright line, named on the side where there is room."""
    right = x < WIDTH * 0.6
    name = _text(x + 4 if right else x - 4, _TOP - 5, text, "start" if right else "end")
    return _UPRIGHT.format(x, _TOP, x, _HEIGHT - _BOTTOM) + name


def _limit(up: Scale, name: str, value: float) -> Markup:
    y = up(value)
    return _DASHED.format(_LEFT, y, WIDTH - _RIGHT, y) + _text(WIDTH - _RIGHT, y - 4, name, "end")
