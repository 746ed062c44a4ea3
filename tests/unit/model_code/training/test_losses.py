from __future__ import annotations

import math

import pytest
import torch

from sonomodel.networks.resnet import LesionAwareLogits
from sonomodel.networks.unet import LesionLogits
from sonomodel.training.losses import (
    LesionAwareLoss,
    LesionTargets,
    classification_loss,
    dice_loss,
    lesion_loss,
    segmentation_loss,
)


def test_classification_loss_is_the_negative_log_of_the_true_class() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]]))

    loss = classification_loss(logits, torch.tensor([0, 2]))

    assert float(loss) == pytest.approx(-(math.log(0.7) + math.log(0.25)) / 2)


def test_dice_loss_of_two_images_by_hand() -> None:
    masks = torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 0]]).reshape(2, 1, 2, 2)
    logits = torch.logit(torch.tensor([[0.8, 0.6, 0.2, 0.4], [0.1, 0.1, 0.1, 0.1]]))

    loss = dice_loss(logits.reshape(2, 1, 2, 2), masks)

    first, second = 1 - (2 * 1.4 + 1) / (2.0 + 2 + 1), 1 - 1 / (0.4 + 1)
    assert float(loss) == pytest.approx((first + second) / 2, rel=1e-4)


def test_perfect_masks_cost_nothing_and_inverted_ones_much() -> None:
    masks = torch.zeros(2, 1, 8, 8)
    masks[0, 0, 2:5, 2:5] = 1
    certain = (masks * 2 - 1) * 30

    assert float(segmentation_loss(certain, masks)) < 1e-3
    assert float(segmentation_loss(-certain, masks)) > 10


@pytest.mark.parametrize("filled", [True, False])
def test_gradients_point_towards_the_mask_and_are_finite(filled: bool) -> None:
    masks = torch.full((2, 1, 8, 8), float(filled))
    logits = torch.zeros(2, 1, 8, 8, requires_grad=True)

    segmentation_loss(logits, masks).backward()

    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert ((logits.grad < 0) if filled else (logits.grad > 0)).all()


def test_half_precision_logits_are_summed_in_full_precision() -> None:
    masks = torch.zeros(1, 1, 256, 256)
    masks[..., :128] = 1
    logits = torch.full((1, 1, 256, 256), 0.5)

    half = segmentation_loss(logits.bfloat16(), masks)

    assert half.dtype == torch.float32
    assert float(half) == pytest.approx(float(segmentation_loss(logits, masks)))


def test_smoothed_labels_forbid_certainty() -> None:
    labels = torch.tensor([0, 1])
    certain = torch.tensor([[20.0, 0, 0], [0, 20.0, 0]])

    plain = classification_loss(certain, labels)
    smoothed = classification_loss(certain, labels, label_smoothing=0.3)

    assert float(plain) < 1e-3
    assert float(smoothed) == pytest.approx(0.2 * 20, rel=1e-3)


def test_lesion_loss_adds_the_presence() -> None:
    masks = torch.zeros(2, 1, 8, 8)
    masks[0, 0, :4, :4] = 1
    right = (masks * 2 - 1) * 30
    seen = torch.tensor([30.0, -30.0])

    assert float(lesion_loss(LesionLogits(right, None), masks)) < 1e-3
    assert float(lesion_loss(LesionLogits(right, seen), masks)) < 1e-3
    assert float(lesion_loss(LesionLogits(right, -seen), masks)) == pytest.approx(3, rel=1e-3)
    assert float(lesion_loss(LesionLogits(-right, None), masks)) > 10


def test_lesion_aware_loss_weighs_the_mask_at_the_features_size() -> None:
    masks = torch.zeros(2, 1, 8, 8)
    masks[0, 0, :4, :4] = 1
    right = (torch.nn.functional.avg_pool2d(masks, 4) * 2 - 1) * 30
    classes = torch.tensor([[30.0, 0], [0, 30.0]])
    targets = LesionTargets(torch.tensor([0, 1]), masks, torch.tensor([True, True]))
    loss = LesionAwareLoss(label_smoothing=0, weight=0.5)

    assert float(loss(LesionAwareLogits(classes, right), targets)) < 1e-3
    wrong_class = float(loss(LesionAwareLogits(-classes, right), targets))
    assert wrong_class == pytest.approx(30, rel=1e-3)
    wrong_mask = float(loss(LesionAwareLogits(classes, -right), targets))
    assert wrong_mask == pytest.approx(
        0.5 * float(segmentation_loss(-right, (right > 0).float())), 1e-3
    )


def test_nothing_is_learnt_of_where_a_lesion_is_that_nobody_has_marked() -> None:
    masks = torch.zeros(2, 1, 8, 8)
    masks[0, 0, :4, :4] = 1
    drawn = torch.full((2, 1, 2, 2), 3.0, requires_grad=True)
    classes = torch.tensor([[30.0, 0], [0, 30.0]])
    loss = LesionAwareLoss(label_smoothing=0, weight=0.5)

    def gradients(*known: bool) -> list[bool]:
        targets = LesionTargets(torch.tensor([0, 1]), masks, torch.tensor(known))
        value = loss(LesionAwareLogits(classes, drawn), targets)
        (found,) = torch.autograd.grad(value, drawn)
        return [bool(part.any()) for part in found]

    assert gradients(True, True) == [True, True]
    assert gradients(True, False) == [True, False]
    assert gradients(False, False) == [False, False]
