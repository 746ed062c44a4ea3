from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from sonoflow.aws.clients import client
from sonoflow.comparing import champions
from sonoflow.errors import EndpointChanged
from sonoflow.keys import Dataset
from tests.unit import contests
from tests.unit.fake_endpoints import CLASSIFIER, FakeEndpoints

ARN = f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{CLASSIFIER}"


def test_where_nothing_is_in_service_there_is_no_champion(aws: None) -> None:
    assert champions.find(CLASSIFIER) is None


def test_a_champion_says_its_version_and_what_it_was_trained_on(aws: None) -> None:
    config = contests.serve("classifier")

    found = champions.find(CLASSIFIER)

    assert found is not None
    assert (found.config, found.version) == (config, contests.OLD_VERSION)
    assert found.dataset == Dataset("busi-mini", "0123456789ab")
    found.check_unchanged()


@pytest.mark.parametrize(
    ("described", "serves"),
    [
        ({"EndpointStatus": "Updating"}, True),
        ({"EndpointStatus": "SystemUpdating"}, True),
        ({"EndpointStatus": "RollingBack"}, True),
        ({"EndpointStatus": "Failed"}, False),
        ({"EndpointStatus": "Creating"}, False),
        ({"EndpointStatus": "OutOfService"}, False),
        ({"EndpointStatus": "Deleting"}, False),
    ],
)
def test_only_what_answers_is_a_champion(
    aws: None, described: dict[str, str], serves: bool
) -> None:
    fake = FakeEndpoints()
    fake.described[CLASSIFIER] = {
        "EndpointConfigName": "by-hand",
        "EndpointArn": ARN,
        **described,
    }
    with fake.describing(client("sagemaker")):
        found = champions.find(CLASSIFIER)

    assert (found is not None) is serves
    if found:
        assert found.version is None


def test_while_another_model_moves_in_nobody_knows_who_answers(aws: None) -> None:
    fake = FakeEndpoints()
    fake.described[CLASSIFIER] = {
        "EndpointStatus": "Updating",
        "EndpointConfigName": "old",
        "EndpointArn": ARN,
        "PendingDeploymentSummary": {"EndpointConfigName": "new"},
    }
    with (
        fake.describing(client("sagemaker")),
        pytest.raises(EndpointChanged, match="taking another model"),
    ):
        champions.find(CLASSIFIER)


def test_one_that_was_replaced_is_found_out(aws: None) -> None:
    contests.serve("classifier")
    found = champions.find(CLASSIFIER)
    assert found is not None
    client("sagemaker").delete_endpoint(EndpointName=CLASSIFIER)

    with pytest.raises(EndpointChanged, match="nothing now"):
        found.check_unchanged()


@pytest.mark.parametrize("tag", ["", "busi", "busi-0123", "Busi-0123456789ab"])
def test_a_tag_that_names_no_data_set_is_none(aws: None, tag: str) -> None:
    contests.serve("classifier", tag)
    found = champions.find(CLASSIFIER)

    assert found is not None
    assert found.dataset is None


@pytest.mark.parametrize(
    ("code", "known"), [("ValidationException", False), ("AccessDeniedException", None)]
)
def test_a_configuration_that_is_gone_has_no_tags(aws: None, code: str, known: bool | None) -> None:
    contests.serve("classifier")
    found = champions.find(CLASSIFIER)
    assert found is not None
    with Stubber(client("sagemaker")) as sagemaker:
        sagemaker.add_client_error("list_tags", code)

        if known is None:
            with pytest.raises(ClientError, match=code):
                _ = found.dataset
        else:
            assert found.dataset is None
