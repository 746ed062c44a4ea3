from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from functions.plan_dataset.app import handler as plan_dataset
from functions.plan_external.app import handler
from sonoflow.aws.clients import client
from tests.unit import external_sets, pictures, stack
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, FakeEndpoints

pytestmark = [
    pytest.mark.filterwarnings("ignore:No application metrics to publish"),
    pytest.mark.usefixtures("model_code"),
]
ROLE = '{"role": "external"}'


@pytest.fixture
def described(endpoints: FakeEndpoints) -> Iterator[FakeEndpoints]:
    """No model is in service yet."""
    with endpoints.describing(client("sagemaker")):
        yield endpoints


@pytest.fixture
def served(described: FakeEndpoints) -> FakeEndpoints:
    external_sets.evaluations(external_sets.trained())
    external_sets.in_service(described)
    return described


def dropped(name: str = "plan_external.archive", data: bytes | None = None) -> Any:
    content = pictures.archive(external_sets.files()) if data is None else data
    return stack.upload(stack.event(name), content)


def executions() -> list[dict[str, Any]]:
    return stack.executions(stack.EXTERNAL_STATE_MACHINE_ARN)


def test_a_set_is_planned_with_the_models_that_judge_it(
    served: FakeEndpoints, context: Any
) -> None:
    answer = handler(dropped(), context)

    assert answer["status"] == "started"
    (execution,) = executions()
    given = execution["input"]
    version = given["dataset"]["version"]
    expected = stack.event("check_external.staged")
    assert given["dataset"] == {"name": "other-hospital", "version": version}
    assert given["models"] == expected["models"]
    assert given["models_digest"] == expected["models_digest"]
    assert execution["name"] == f"other-hospital-{version}-{given['models_digest']}"
    batches = stack.read_json(stack.WORK, given["plan"]["key"])
    assert sum(len(batch["images"]) for batch in batches) == 11
    assert len(batches) == given["plan"]["batches"]
    assert stack.executions() == []


def test_the_role_in_a_mapping_says_the_same_and_nothing_is_trained(
    served: FakeEndpoints, context: Any
) -> None:
    stack.write(stack.UPLOADS, "datasets/Other hospital.mapping.json", ROLE)
    event = dropped("plan_external.role")

    assert plan_dataset(event, context)["status"] == "ignored"
    by_role = handler(event, context)
    by_key = handler(dropped(), context)

    assert by_role["status"] == "started"
    assert by_key["status"] == "known"  # one content, one validation
    assert stack.executions() == []


def test_what_is_no_external_set_is_left_to_plan_dataset(
    served: FakeEndpoints, context: Any
) -> None:
    event = dropped("plan_external.role")

    assert handler(event, context)["status"] == "ignored"
    assert plan_dataset(event, context)["status"] == "started"
    assert executions() == []


def test_a_mapping_that_makes_no_sense_is_refused_once(served: FakeEndpoints, context: Any) -> None:
    stack.write(stack.UPLOADS, "datasets/Other hospital.mapping.json", '{"role": "test"}')
    event = dropped("plan_external.role")

    assert handler(event, context)["status"] == "ignored"
    assert plan_dataset(event, context)["reason"] == "mapping-invalid"


def test_without_a_model_it_is_refused_and_may_be_dropped_again(
    described: FakeEndpoints, context: Any
) -> None:
    first = handler(dropped(), context)
    external_sets.evaluations(external_sets.trained())
    external_sets.in_service(described)
    again = handler(dropped(), context)

    assert (first["status"], first["reason"]) == ("refused", "no-model")
    refusal = stack.read_json(stack.WORK, "refused/external/Other hospital.zip.json")
    assert "drop this again" in refusal["detail"]
    assert again["status"] == "started"


def test_one_model_judges_alone(served: FakeEndpoints, context: Any) -> None:
    del served.described[CLASSIFIER]

    answer = handler(dropped(), context)

    assert [model["task"] for model in answer["models"]] == ["segmentation"]


def test_another_model_judges_the_same_set_anew(served: FakeEndpoints, context: Any) -> None:
    first = handler(dropped(), context)
    del served.described[SEGMENTER]
    second = handler(dropped(), context)
    repeated = handler(dropped(), context)

    assert first["dataset"] == second["dataset"]
    assert (second["status"], repeated["status"]) == ("started", "known")
    assert len(executions()) == 2


@pytest.mark.parametrize(
    ("described_as", "reason"),
    [
        ({"EndpointConfigName": "by-hand"}, "model-unknown"),
        ({"EndpointConfigName": f"{SEGMENTER}-0a1b2c3d4e5f-00000000"}, "model-unknown"),
        (
            {
                "EndpointConfigName": f"{SEGMENTER}-{external_sets.VERSION}",
                "PendingDeploymentSummary": {"EndpointConfigName": "next"},
                "EndpointStatus": "Updating",
            },
            "model-changes",
        ),
    ],
    ids=["no release", "no evaluation", "updating"],
)
def test_a_model_of_which_nobody_knows_what_it_knows_judges_nothing(
    served: FakeEndpoints, context: Any, described_as: dict[str, Any], reason: str
) -> None:
    served.described[SEGMENTER] = described_as

    assert handler(dropped(), context)["reason"] == reason
    assert executions() == []


def test_a_model_whose_training_set_is_gone_judges_nothing(
    served: FakeEndpoints, context: Any
) -> None:
    key = f"{external_sets.TRAINED}index.jsonl"
    client("s3").delete_object(Bucket=stack.WORK, Key=key)

    assert handler(dropped(), context)["reason"] == "model-unknown"


def test_what_is_no_zip_is_refused(served: FakeEndpoints, context: Any) -> None:
    answer = handler(dropped("plan_external.bad_extension", b"id,class\n1,benign\n"), context)

    assert (answer["status"], answer["reason"]) == ("refused", "unsupported-extension")
