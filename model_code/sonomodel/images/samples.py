"""The images of one channel, read once and kept in memory at network size.

A channel is a folder as SplitDataset's manifests lay it out: images/<class>/<id>.png, and
masks/<class>/<id>.png for images with a lesion. A normal image without mask file has an empty
mask. Where nothing is marked on any other, nobody knows where its lesion is: no network is taught,
and none is judged, as if there were none (`outlined`). At 256 pixels a thousand images with masks
take 130 MB, less than a data loader's workers would.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sonomodel.errors import ChannelError, ImageUnreadable
from sonomodel.images.preprocessing import GreyImage, Letterbox, Normalisation, decode_grey

NORMAL = "normal"  # the class without lesion


@dataclasses.dataclass(frozen=True)
class Sample:
    id: str
    label: str
    image: Path
    mask: Path | None

    def read_image(self) -> GreyImage:
        return _read(self.image)

    def read_mask(self, image: GreyImage) -> GreyImage:
        """0/255, of the size of `image`, which must be the sample's own."""
        if self.mask is None:
            return np.zeros_like(image)
        mask = _read(self.mask)
        if mask.shape != image.shape:
            raise ChannelError(
                f"mask {self.mask.name} has {mask.shape[1]} x {mask.shape[0]} pixels, "
                f"its image {image.shape[1]} x {image.shape[0]}"
            )
        return np.where(mask >= 128, 255, 0).astype(np.uint8)

    def is_marked(self) -> bool:
        """Whether its mask shows anything."""
        return self.mask is not None and bool(_read(self.mask).any())


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """N images at network size. `masks` only where they are what is to be learnt; `lesions` where a
    classifier learns from masks besides its labels."""

    samples: Sequence[Sample]
    images: Tensor  # uint8 [N, 1, side, side]
    labels: Tensor  # int64 [N], index into the classes
    masks: Tensor | None  # uint8 0/1 [N, 1, side, side]
    lesions: Tensor | None = None  # likewise
    known: Tensor | None = None  # bool [N]: whether `lesions` says where it is; None: of all

    def __len__(self) -> int:
        return len(self.images)

    def targets(self, picks: Tensor) -> Tensor:
        """Masks, float [batch, 1, side, side], where there are any, else labels [batch]."""
        return self.labels[picks] if self.masks is None else self.masks[picks].float()

    def digest(self) -> str:
        """SHA-256 of all that a network learns from: images, labels, masks, in their order."""
        hasher = hashlib.sha256()
        for tensor in (self.images, self.labels, self.masks, self.lesions):
            if tensor is not None:
                hasher.update(str(list(tensor.shape)).encode())
                hasher.update(tensor.contiguous().numpy().data)
        return hasher.hexdigest()

    def normalisation(self) -> Normalisation:
        pixels = self.images.float() / 255
        return Normalisation(float(pixels.mean()), max(float(pixels.std()), 1e-3))


def read_channel(folder: Path, classes: Sequence[str]) -> list[Sample]:
    """The samples of a channel, sorted by class and id."""
    images = folder / "images"
    present = sorted(path.name for path in images.glob("*") if path.is_dir())
    unknown = [name for name in present if name not in classes]
    if unknown:
        raise ChannelError(
            f"{images} holds the class {unknown[0]!r}, which --classes {list(classes)} lacks"
        )
    samples = [
        Sample(path.stem, label, path, _mask_of(folder, label, path))
        for label in present
        for path in sorted((images / label).glob("*.png"))
    ]
    if not samples:
        raise ChannelError(f"no image found: {images}/<class>/<id>.png is what is looked for")
    return samples


def load_images(
    folder: Path, classes: Sequence[str], side: int, *, lesions: bool = False
) -> ImageSet:
    """What the classifier learns from: a channel's images, and with `lesions` where the lesions
    are, if the channel has any masks."""
    samples = read_channel(folder, classes)
    if not (lesions and any(sample.mask for sample in samples)):
        return _load(samples, classes, side, with_masks=False)
    pairs = _load(samples, classes, side, with_masks=True)
    known = set(outlined(samples))
    told = torch.tensor([sample in known for sample in samples])
    return dataclasses.replace(pairs, masks=None, lesions=pairs.masks, known=told)


def load_pairs(folder: Path, classes: Sequence[str], side: int) -> ImageSet:
    """What the segmenter learns from: a channel's images with their masks."""
    return _load(outlined(read_channel(folder, classes)), classes, side, with_masks=True)


def outlined(samples: Sequence[Sample]) -> list[Sample]:
    """Those of which it is known where the lesion is: normal ones, and where something is marked.
    All of them where nothing is marked anywhere."""
    marked = {sample for sample in samples if sample.is_marked()}
    if not marked:
        return list(samples)
    found = [sample for sample in samples if sample.label == NORMAL or sample in marked]
    if missing := len(samples) - len(found):
        print(f"left out: {missing} images of lesions that no mask shows", flush=True)
    return found


def balanced_batches(
    labels: Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Picks for one epoch in which every class present is drawn equally often. Training only.

    About as many picks as there are labels. A class goes through all its images before one comes
    again. Batches differ by one pick at most: batch normalisation cannot work on a rest of one.
    """
    present = [torch.nonzero(labels == label).flatten() for label in torch.unique(labels)]
    share = -(-len(labels) // len(present))
    picks = torch.cat([_cycled(members, share, generator) for members in present])
    shuffled = picks[torch.randperm(len(picks), generator=generator)]
    yield from torch.tensor_split(shuffled, count_batches(labels, batch_size))


def count_batches(labels: Tensor, batch_size: int) -> int:
    picks = _count_picks(labels)
    return max(1, min(-(-picks // batch_size), picks // 2))


def smallest_batch(labels: Tensor, batch_size: int) -> int:
    """Picks in an epoch's smallest batch."""
    return _count_picks(labels) // count_batches(labels, batch_size)


def _count_picks(labels: Tensor) -> int:
    classes = len(torch.unique(labels))
    return -(-len(labels) // classes) * classes


def _cycled(members: Tensor, count: int, generator: torch.Generator) -> Tensor:
    rounds = -(-count // len(members))
    orders = [torch.randperm(len(members), generator=generator) for _ in range(rounds)]
    return members[torch.cat(orders)[:count]]


def _load(
    samples: Sequence[Sample], classes: Sequence[str], side: int, *, with_masks: bool
) -> ImageSet:
    images, masks = [], []
    for sample in samples:
        image = sample.read_image()
        letterbox = Letterbox(image.shape[1], image.shape[0], side)
        images.append(letterbox.fit(image))
        if with_masks:
            masks.append(letterbox.fit_mask(sample.read_mask(image)))
    return ImageSet(
        samples=samples,
        images=_stack(images),
        labels=torch.tensor([list(classes).index(sample.label) for sample in samples]),
        masks=_stack(masks) if with_masks else None,
    )


def _stack(frames: list[GreyImage]) -> Tensor:
    return torch.from_numpy(np.stack(frames)).unsqueeze(1)


def _mask_of(folder: Path, label: str, image: Path) -> Path | None:
    mask = folder / "masks" / label / image.name
    return mask if mask.is_file() else None


def _read(path: Path) -> GreyImage:
    try:
        return decode_grey(path.read_bytes())
    except ImageUnreadable as error:
        raise ChannelError(f"{path} cannot be read: {error}") from error
