"""Lesions of a breast-ultrasound phantom, drawn into the echogenicity map of tissue.

After the signs that BI-RADS lists. Benign: oval, wider than tall, smooth and sharp margin, dark and
even inside, brighter behind (posterior enhancement). Malignant: irregular, taller than wide,
spiculated and blurred margin, uneven inside, echogenic halo, darker behind (shadowing).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from local.demo.phantom_tissue import Canvas, Field, correlated_noise, ramp

Mask = NDArray[np.bool_]  # [height, width]
ANGLES = np.linspace(-np.pi, np.pi, 721)


@dataclasses.dataclass(frozen=True)
class Shape:
    """A star-shaped outline: `outline[angle]` scales an ellipse of the given half axes (pixels)."""

    x: float
    y: float
    across: float
    down: float
    tilt: float
    outline: NDArray[np.float64]  # [721], over ANGLES

    def radius(self, canvas: Canvas) -> Field:
        """0 in the centre, 1 on the outline, [height, width]."""
        across = canvas.x - np.float32(self.x)
        down = canvas.y - np.float32(self.y)
        cosine, sine = np.float32(np.cos(self.tilt)), np.float32(np.sin(self.tilt))
        u = (across * cosine + down * sine) / np.float32(self.across)
        v = (down * cosine - across * sine) / np.float32(self.down)
        steps = (np.arctan2(v, u) + np.float32(np.pi)) * np.float32(720 / (2 * np.pi))
        outline = self.outline.astype(np.float32)[np.clip(np.rint(steps), 0, 720).astype(np.intp)]
        return np.asarray(np.sqrt(u * u + v * v) / outline, dtype=np.float32)

    def behind(self, canvas: Canvas, breadth: float) -> Field:
        """1 in the part of the image that the beam reaches through the lesion, fading to 0."""
        across = (canvas.x - np.float32(self.x)) / np.float32(breadth * self.across)
        below = (canvas.y - np.float32(self.y)) / np.float32(self.down)
        return np.asarray(np.exp(-(across**4)) * ramp(below - np.float32(0.7), 0.3))


def lesions(kind: str, canvas: Canvas, rng: Generator) -> list[Shape]:
    """One lesion, in some images two side by side; none in normal tissue."""
    if kind == "normal":
        return []
    if rng.random() < 0.1:
        left, right = rng.uniform(0.22, 0.32), rng.uniform(0.68, 0.78)
        return [_shape(kind, canvas, rng, place, scale=0.7) for place in (left, right)]
    return [_shape(kind, canvas, rng, rng.uniform(0.3, 0.7), scale=1.0)]


def draw(
    kind: str, shape: Shape, echo: Field, canvas: Canvas, rng: Generator
) -> tuple[Field, Mask]:
    """The echogenicity map with the lesion in it, and the lesion's mask."""
    radius = shape.radius(canvas)
    paint = _paint_benign if kind == "benign" else _paint_malignant
    return paint(shape, radius, echo, canvas, rng), np.asarray(radius <= 1)


def _shape(kind: str, canvas: Canvas, rng: Generator, place: float, scale: float) -> Shape:
    extent = min(canvas.shape) * scale
    if kind == "benign":
        across = extent * rng.uniform(0.13, 0.24)
        down, tilt = across / rng.uniform(1.35, 2.1), rng.normal(0, 0.12)
        outline = _waves(rng, {2: 0.04, 3: 0.03})
    else:
        down = extent * rng.uniform(0.13, 0.22)
        across, tilt = down / rng.uniform(1.1, 1.5), rng.normal(0, 0.15)
        outline = _waves(rng, {2: 0.06, 3: 0.06, 5: 0.05, 7: 0.04}) + _spicules(rng)
    y = canvas.height * rng.uniform(0.34, 0.55)
    return Shape(canvas.width * place, y, across, down, tilt, outline)


def _waves(rng: Generator, amplitudes: dict[int, float]) -> NDArray[np.float64]:
    outline = np.ones_like(ANGLES)
    for frequency, amplitude in amplitudes.items():
        phase = rng.uniform(0, 2 * np.pi)
        outline += amplitude * rng.uniform(0.5, 1.5) * np.cos(frequency * ANGLES + phase)
    return outline


def _spicules(rng: Generator) -> NDArray[np.float64]:
    """Thin spikes that reach into the tissue around."""
    spikes = np.zeros_like(ANGLES)
    for _ in range(rng.integers(6, 12)):
        distance = np.angle(np.exp(1j * (ANGLES - rng.uniform(-np.pi, np.pi))))
        spikes += rng.uniform(0.1, 0.35) * np.exp(-((distance / rng.uniform(0.06, 0.14)) ** 2))
    return spikes


def _paint_benign(
    shape: Shape, radius: Field, echo: Field, canvas: Canvas, rng: Generator
) -> Field:
    inside = ramp(1 - radius, 0.05)
    painted = echo + (np.float32(rng.uniform(-24, -14)) - echo) * inside
    # A thin capsule reflects where the beam meets it at a right angle: above and below.
    facing = np.abs(canvas.y - np.float32(shape.y)) / np.float32(shape.down)
    capsule = np.exp(-(((radius - np.float32(1.05)) / np.float32(0.07)) ** 2))
    enhancement = rng.uniform(4, 9) * shape.behind(canvas, 0.9) * (1 - inside)
    return np.asarray(painted + 8 * capsule * np.minimum(facing, 1) + enhancement, np.float32)


def _paint_malignant(
    shape: Shape, radius: Field, echo: Field, canvas: Canvas, rng: Generator
) -> Field:
    uneven = correlated_noise(canvas, rng, axial=3, lateral=4).real
    inside = ramp(1 - radius, 0.12)
    painted = echo + (np.float32(rng.uniform(-20, -13)) + 2.5 * uneven - echo) * inside
    halo = 4 * np.exp(-(((radius - np.float32(1.3)) / np.float32(0.2)) ** 2))
    shadow = rng.uniform(8, 18) * shape.behind(canvas, 1.1) * (1 - inside)
    return np.asarray(painted + halo - shadow, np.float32)
