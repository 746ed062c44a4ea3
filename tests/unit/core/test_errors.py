from __future__ import annotations

import inspect

from sonoflow import errors


def test_every_error_is_in_the_tree_that_the_module_draws() -> None:
    classes = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and not name.startswith("_")
    }

    assert all(issubclass(kind, errors.SonoflowError) for kind in classes.values())
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in classes)


def test_a_refusal_tells_code_and_sentence_in_its_text() -> None:
    """The text is all that a state machine's Catch gets to see."""
    error = errors.DatasetRefused("not-a-zip", "the file is no zip archive")

    assert str(error) == "not-a-zip: the file is no zip archive"
    assert (error.reason, error.detail) == ("not-a-zip", "the file is no zip archive")


def test_a_sentence_can_be_written_and_sent_whatever_it_quotes() -> None:
    error = errors.DatasetRefused("mapping-invalid", "\ud800" + "ä" * 300_000)

    assert error.detail.encode().decode() == error.detail
    assert error.detail.startswith(r"\ud800ä")
    assert len(error.detail) == errors.DETAIL_LIMIT
    assert str(error) == f"mapping-invalid: {error.detail}"
