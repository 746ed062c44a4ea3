from __future__ import annotations

from sonoflow.aws.clients import client
from sonoflow.inference import standing
from tests.unit import stack


def test_an_object_says_of_which_answer_it_is_and_whether_it_is_the_last(aws: None) -> None:
    metadata = {
        "sonoflow-version-id": "v1",
        "sonoflow-sequencer": "0A",
        "sonoflow-attempt": "1",
        standing.COMPLETES: "true",
        standing.BESIDE: "0 2",
    }
    client("s3").put_object(Bucket=stack.RESULTS, Key="a", Body=b"{}", Metadata=metadata)

    found = standing.find(stack.RESULTS, "a")

    assert found is not None
    assert (found.stamp.version_id, found.stamp.sequencer) == ("v1", "0A")
    assert (found.completes, found.beside) == (True, frozenset({0, 2}))
    assert standing.find(stack.RESULTS, "b") is None
