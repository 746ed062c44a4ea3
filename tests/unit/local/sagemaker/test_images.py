from __future__ import annotations

from collections.abc import Callable

import pytest

from local.sagemaker.images import Contract, UnknownImage, hosting_contract, training_contract

REGISTRY = "123456789012.dkr.ecr.us-east-1.example.com"


@pytest.mark.parametrize(
    ("name", "purpose", "contract"),
    [
        ("pytorch:2.13-cpu-amzn2023-sagemaker", training_contract, Contract.SCRIPT_MODE),
        ("pytorch:2.13-cu133-amzn2023-sagemaker", training_contract, Contract.SCRIPT_MODE),
        ("pytorch-training:2.13.0-cpu-py312", training_contract, Contract.SCRIPT_MODE),
        ("ray:serve-ml-sagemaker-cpu-v1", hosting_contract, Contract.RAY_SERVE),
        ("linear-learner:1", training_contract, Contract.LINEAR_LEARNER),
        ("linear-learner:1", hosting_contract, Contract.LINEAR_LEARNER),
    ],
)
def test_known_images_have_a_contract(
    name: str, purpose: Callable[[str], Contract], contract: Contract
) -> None:
    assert purpose(f"{REGISTRY}/{name}") is contract
    assert purpose(f"public.example.com/library/{name}") is contract


@pytest.mark.parametrize(
    ("image", "purpose", "known"),
    [
        (f"{REGISTRY}/tensorflow:2", training_contract, "pytorch-training"),
        (f"{REGISTRY}/pytorch", training_contract, "pytorch-training"),
        (f"{REGISTRY}/ray:serve-ml-sagemaker-cpu-v1", training_contract, "linear-learner"),
        (f"{REGISTRY}/pytorch-training:2.13", hosting_contract, "ray:serve-ml"),
        (f"{REGISTRY}/linear-learner", hosting_contract, "linear-learner"),
        ("", hosting_contract, "ray:serve-ml"),
    ],
)
def test_unknown_images_are_named_with_those_that_are_known(
    image: str, purpose: Callable[[str], Contract], known: str
) -> None:
    with pytest.raises(UnknownImage) as raised:
        purpose(image)

    assert repr(image) in str(raised.value)
    assert known in str(raised.value)
