from __future__ import annotations

import torch

from sonomodel.images.samples import ImageSet
from sonomodel.networks.unet import LesionLogits
from sonomodel.training.batches import drawn, joined, of_images
from sonomodel.training.losses import LesionTargets


def test_outputs_of_a_classifiers_batches_are_those_of_one() -> None:
    outputs = [torch.arange(6.0).reshape(2, 3), torch.arange(6.0, 9.0).reshape(1, 3)]

    whole = joined([output.bfloat16() for output in outputs])

    assert whole.dtype == torch.float32
    assert torch.equal(whole, torch.arange(9.0).reshape(3, 3))


def test_masks_and_presences_are_joined_in_their_order() -> None:
    masks = torch.arange(12.0).reshape(3, 1, 2, 2)
    presences = torch.tensor([0.5, -1.0, 2.0])

    whole = joined(
        [
            LesionLogits(masks[part].bfloat16(), presences[part].bfloat16())
            for part in (slice(0, 2), slice(2, 3))
        ]
    )

    assert (whole.mask.dtype, whole.presence.dtype) == (torch.float32, torch.float32)
    assert torch.equal(whole.mask, masks)
    assert torch.equal(whole.presence, presences)


def test_without_presence_head_there_is_none_to_join() -> None:
    mask = torch.zeros(2, 1, 4, 4)

    whole = joined([LesionLogits(mask, None), LesionLogits(mask, None)])

    assert whole.mask.shape == (4, 1, 4, 4)
    assert whole.presence is None


def test_what_is_to_be_learnt_is_drawn_beside_its_images() -> None:
    frames = torch.zeros(3, 1, 2, 2, dtype=torch.uint8)
    frames[2, 0, 0, 0] = 255
    train = ImageSet([], frames, torch.tensor([0, 1, 2]), None, lesions=(frames > 0).byte())

    images, targets = drawn(train, torch.tensor([2, 0]), torch.device("cpu"))

    assert images.tolist() == [[[[1, 0], [0, 0]]], [[[0, 0], [0, 0]]]]
    assert isinstance(targets, LesionTargets)
    assert (targets.labels.tolist(), targets.known.tolist()) == ([2, 0], [True, True])
    assert torch.equal(targets.masks, images)


def test_a_part_of_what_is_to_be_learnt() -> None:
    labels = torch.tensor([0, 1, 2, 1, 0])
    masks = torch.arange(5.0).reshape(5, 1, 1, 1)
    known = torch.tensor([True, False, True, True, True])
    part = slice(1, 4)

    both = of_images(LesionTargets(labels, masks, known), part)

    assert of_images(labels, part).tolist() == [1, 2, 1]
    assert isinstance(both, LesionTargets)
    assert both[0].tolist() == [1, 2, 1]
    assert both[1].flatten().tolist() == [1, 2, 3]
    assert both[2].tolist() == [False, True, True]
