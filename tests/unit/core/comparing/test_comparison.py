from __future__ import annotations

import json

from sonoflow.comparing import comparison
from sonoflow.comparing.bootstrap import Difference, Found
from sonoflow.comparing.comparison import Sample
from tests.unit import stack

SAMPLE = Sample("images", compared=112, groups=87, left_out=3)
BETTER = Difference(0.7, 0.75, (-0.02, 0.1), 87, False)
WORSE = Difference(0.9123, 0.8, (-0.2, -0.01), 30, True)


def test_the_words_name_the_figures_that_are_worse_and_no_others() -> None:
    found = comparison.judged("old", Found({"macro_f1": BETTER, "accuracy": WORSE}, {}), SAMPLE)

    assert found.passed is False
    assert found.says == (
        "worse than the model in service, old, on 112 images in 87 groups that are new to both: "
        "accuracy is 0.8000, that of the model in service 0.9123 (-0.1123; chance alone leaves "
        "-0.2000 to -0.0100)"
    )
    assert found.reasons == (found.says,)


def test_the_words_of_one_that_passes_name_all_figures() -> None:
    found = comparison.judged("old", Found({"macro_f1": BETTER}, {"accuracy": 3}), SAMPLE)

    assert (found.passed, found.reasons) == (True, ())
    assert found.says.endswith("new to both: macro_f1 0.7500 against 0.7000")


def test_where_too_few_images_decide_any_figure_nothing_is_judged() -> None:
    found = comparison.judged("old", Found({}, {"accuracy": 3}), SAMPLE)

    assert (found.outcome, found.passed, found.sample) == ("uncompared", True, SAMPLE)


def test_a_comparison_is_kept_where_machines_and_where_people_look(aws: None) -> None:
    found = comparison.judged("old", Found({"accuracy": WORSE}, {}), SAMPLE)

    document = comparison.keep(found, f"s3://{stack.WORK}/a.json", f"s3://{stack.RESULTS}/b.json")

    assert stack.read_json(stack.WORK, "a.json") == document
    assert stack.read_json(stack.RESULTS, "b.json") == document
    assert document["metadata"] == {
        "comparison": "worse",
        "champion": "old",
        "champion_accuracy": "0.9123",
        "challenger_accuracy": "0.8000",
    }
    assert json.dumps(document)
