from __future__ import annotations

import pytest

from local.sagemaker.images import Contract, UnknownImage, contract_of

REGISTRY = "123456789012.dkr.ecr.us-east-1.example.com"


@pytest.mark.parametrize(
    ("name", "contract"),
    [
        ("pytorch:2.13-cpu-amzn2023-sagemaker", Contract.SCRIPT_MODE),
        ("pytorch:2.13-cu133-amzn2023-sagemaker", Contract.SCRIPT_MODE),
        ("pytorch-training:2.13.0-cpu-py312", Contract.SCRIPT_MODE),
        ("ray:serve-ml-sagemaker-cpu-v1", Contract.RAY_SERVE),
    ],
)
def test_known_images_have_a_contract(name: str, contract: Contract) -> None:
    contract_of(f"{REGISTRY}/{name}", contract)
    contract_of(f"public.example.com/library/{name}", contract)


@pytest.mark.parametrize(
    ("image", "contract"),
    [
        (f"{REGISTRY}/tensorflow:2", Contract.SCRIPT_MODE),
        (f"{REGISTRY}/pytorch", Contract.SCRIPT_MODE),
        (f"{REGISTRY}/ray:serve-ml-sagemaker-cpu-v1", Contract.SCRIPT_MODE),
        (f"{REGISTRY}/pytorch-training:2.13", Contract.RAY_SERVE),
        ("", Contract.RAY_SERVE),
    ],
)
def test_unknown_images_are_named_with_those_that_are_known(image: str, contract: Contract) -> None:
    with pytest.raises(UnknownImage) as raised:
        contract_of(image, contract)

    assert repr(image) in str(raised.value)
    known = "pytorch-training" if contract is Contract.SCRIPT_MODE else "ray:serve-ml"
    assert known in str(raised.value)
