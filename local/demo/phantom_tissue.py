"""Tissue of a breast-ultrasound phantom: layers, texture, speckle, attenuation.

Everything is computed in decibels, the scale a B-mode image shows: an echogenicity map (what the
tissue reflects) plus speckle (how a coherent beam sees it), mapped to grey over a dynamic range.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field = NDArray[np.float32]  # [height, width]

DYNAMIC_RANGE = 60.0  # dB from black to white
COMPOUNDING = 0.7  # devices average several views: speckle is weaker than a single Rayleigh one


@dataclasses.dataclass(frozen=True)
class Canvas:
    """Coordinates: x and y in pixels, depth from 0 (probe) to 1 (deepest)."""

    height: int
    width: int

    @property
    def x(self) -> Field:
        return np.arange(self.width, dtype=np.float32)[None, :]

    @property
    def y(self) -> Field:
        return np.arange(self.height, dtype=np.float32)[:, None]

    @property
    def depth(self) -> Field:
        return self.y / np.float32(self.height)

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width


def ramp(values: Field, softness: float) -> Field:
    """0 to 1 where `values` pass from below to above 0, over about `softness`."""
    half = np.float32(0.5)
    return np.asarray(half + half * np.tanh(values / np.float32(softness)), dtype=np.float32)


def correlated_noise(
    canvas: Canvas, rng: Generator, axial: float, lateral: float
) -> NDArray[np.complex64]:
    """Complex Gaussian noise of unit variance per part, with a Gaussian correlation of `axial`
    (down) and `lateral` (across) pixels: real and imaginary part are two independent fields."""
    # Rounded up to what an FFT likes; cutting off the rest also undoes the wrap-around.
    height, width = (-(-extent // 32) * 32 for extent in canvas.shape)
    down = np.exp(-2 * (np.pi * axial * np.fft.fftfreq(height)) ** 2)
    across = np.exp(-2 * (np.pi * lateral * np.fft.fftfreq(width)) ** 2)
    transfer = (down[:, None] * across[None, :]).astype(np.float32)
    parts = rng.standard_normal((height, width, 2), dtype=np.float32)
    spectrum = parts.view(np.complex64)[..., 0] * transfer
    field = np.fft.ifft2(spectrum) * np.float32(height * width / np.linalg.norm(transfer))
    return field[: canvas.height, : canvas.width].astype(np.complex64)


def speckle(canvas: Canvas, rng: Generator) -> Field:
    """Rayleigh speckle in dB, correlated like the point-spread function: wider than deep."""
    axial, lateral = rng.uniform(0.7, 1.1), rng.uniform(1.3, 2.2)
    amplitude = np.abs(correlated_noise(canvas, rng, axial, lateral))
    return np.float32(20 * COMPOUNDING) * np.log10(amplitude + np.float32(1e-2))


def wavy(canvas: Canvas, rng: Generator, level: float, swing: float) -> Field:
    """A boundary between layers: its depth at each x, [1, width]."""
    phase = canvas.x / canvas.width * np.float32(2 * np.pi)
    boundary = np.full_like(canvas.x, level)
    for frequency in (0.5, 1.0, 2.0):
        amplitude = swing * rng.uniform(-1, 1) / (1 + frequency)
        boundary += np.float32(amplitude) * np.sin(
            np.float32(frequency) * phase + np.float32(rng.uniform(0, 2 * np.pi))
        )
    return boundary


def tissue(canvas: Canvas, rng: Generator) -> Field:
    """Echogenicity of a breast without lesion: skin, fat, fibroglandular tissue, muscle."""
    streaks = correlated_noise(canvas, rng, axial=1.6, lateral=canvas.width * 0.05)
    streaks = _undulate(streaks, wavy(canvas, rng, 0.0, 0.08))
    clouds = correlated_noise(canvas, rng, axial=canvas.height * 0.03, lateral=canvas.width * 0.07)
    depth = canvas.depth
    skin = wavy(canvas, rng, rng.uniform(0.03, 0.05), 0.005)
    fat = wavy(canvas, rng, rng.uniform(0.16, 0.28), 0.06)
    gland = wavy(canvas, rng, rng.uniform(0.64, 0.78), 0.06)
    septa = 9 * np.exp(-((clouds.imag / np.float32(0.18)) ** 2))
    layers = [
        np.full(canvas.shape, 12, dtype=np.float32),
        -9 + septa + 1.5 * streaks.real,
        1 + 3.5 * streaks.real + 3 * clouds.real + 0.3 * septa - _lobules(canvas, rng),
        -9 + 5 * streaks.imag,
    ]
    echo = layers[0]
    for boundary, layer in zip((skin, fat, gland), layers[1:], strict=True):
        below = ramp(depth - boundary, 0.012)
        echo = echo + (layer.astype(np.float32) - echo) * below
    fascia = 9 * np.exp(-(((depth - gland) / np.float32(0.012)) ** 2))
    return np.asarray(echo + fascia, dtype=np.float32)


def _undulate(field: NDArray[np.complex64], shift: Field) -> NDArray[np.complex64]:
    """Each column moved down by `shift`, in heights [1, width]: fibres do not run straight."""
    height, width = field.shape
    moved = (np.rint(shift * height) % height).astype(np.intp)
    rows = (np.arange(height)[:, None] + moved) % height
    return np.asarray(field[rows, np.arange(width)[None, :]])


def _lobules(canvas: Canvas, rng: Generator) -> Field:
    """Fat between the glands: soft-edged, a little darker; what a lesion could be taken for."""
    darker = np.zeros(canvas.shape, dtype=np.float32)
    for _ in range(rng.integers(0, 4)):
        across = (canvas.x / canvas.width - rng.uniform(0, 1)) / rng.uniform(0.05, 0.14)
        down = (canvas.depth - rng.uniform(0.3, 0.6)) / rng.uniform(0.04, 0.08)
        darker += rng.uniform(3, 8) * ramp(1 - across.astype(np.float32) ** 2 - down**2, 0.5)
    return darker


def attenuation(canvas: Canvas, rng: Generator) -> Field:
    """Loss with depth that the device's gain does not make up for, and shadows from the top."""
    loss = -rng.uniform(6, 18) * canvas.depth**2 + np.zeros(canvas.shape, dtype=np.float32)
    for _ in range(rng.integers(0, 3)):  # poor contact, or a ligament
        centre, breadth = rng.uniform(0, canvas.width), rng.uniform(0.02, 0.05) * canvas.width
        band = np.exp(-(((canvas.x - np.float32(centre)) / np.float32(breadth)) ** 2))
        loss = loss - rng.uniform(2, 5) * band * ramp(canvas.depth - rng.uniform(0.1, 0.3), 0.05)
    return np.asarray(loss, dtype=np.float32)


def field_of_view(canvas: Canvas, rng: Generator) -> NDArray[np.bool_]:
    """What the probe sees: everything, or with a curved probe the inside of a sector."""
    if rng.random() > 0.12:
        return np.ones(canvas.shape, dtype=np.bool_)
    slope, margin = rng.uniform(0.2, 0.4), rng.uniform(0.6, 0.8)
    reach = (slope * canvas.y + margin * canvas.width / 2).astype(np.float32)
    return np.asarray(np.abs(canvas.x - canvas.width / 2) < reach)


def to_grey(decibels: Field, gain: float) -> NDArray[np.uint8]:
    grey = (decibels + np.float32(gain)) * np.float32(255 / DYNAMIC_RANGE)
    return np.clip(np.round(grey), 0, 255).astype(np.uint8)
