from __future__ import annotations

from sonoflow.quarantine import SetAside


def test_a_file_that_is_set_aside_is_a_document() -> None:
    aside = SetAside("a/notes.txt", "unsupported-extension", "it is no image")

    assert aside.document() == {
        "source": "a/notes.txt",
        "reason": "unsupported-extension",
        "detail": "it is no image",
    }
