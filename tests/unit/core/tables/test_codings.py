from __future__ import annotations

import pytest

from sonoflow.tables import codings
from sonoflow.tables.codings import NEGATIVE, POSITIVE, UNKNOWN


@pytest.mark.parametrize(
    "spellings",
    [
        ["M", "m", "Malignant", " malignant ", "bösartig", "M.", "'M'", "M\u200b", "Ｍ"],
        ["bo\u0308sartig", "BÖSARTIG"],
        ["B", "benign", "BENIGN"],
        ["1", "1.0", "1.", "+1", "1,00"],
        ["pos", "Positive", "+"],
        ["Grade  I", "grade i"],
    ],
)
def test_spellings_of_a_label_have_one_key(spellings: list[str]) -> None:
    assert len({codings.key(label) for label in spellings}) == 1


def test_what_is_another_label_has_another_key() -> None:
    labels = [
        "M",
        "B",
        "1",
        "0",
        "2",
        "4",
        "positive",
        "normal",
        "yes",
        "x",
        "12345678",
        "12345679",
    ]

    labels += ["0.1234567", "0.1234568", "1e300", "1e299", "1234567890123456789"]
    assert len({codings.key(label) for label in labels}) == len(labels)


@pytest.mark.parametrize(
    ("label", "sign", "answer"),
    [
        ("Malignant", POSITIVE, UNKNOWN),
        ("malignant tumour", POSITIVE, UNKNOWN),
        ("B (benign)", NEGATIVE, UNKNOWN),
        ("cancer free", NEGATIVE, UNKNOWN),
        ("not benign", POSITIVE, UNKNOWN),
        ("non-invasive carcinoma", UNKNOWN, UNKNOWN),
        ("no evidence of cancer", UNKNOWN, UNKNOWN),
        ("malignancy excluded", UNKNOWN, UNKNOWN),
        ("cancer ruled out", UNKNOWN, UNKNOWN),
        ("unlikely cancer", UNKNOWN, UNKNOWN),
        ("malignancy absent", UNKNOWN, UNKNOWN),
        ("w/o cancer", UNKNOWN, UNKNOWN),
        ("0 - malignant", UNKNOWN, UNKNOWN),
        ("malignant=0", UNKNOWN, UNKNOWN),
        ("cancer: no", UNKNOWN, UNKNOWN),
        ("malignant?", UNKNOWN, UNKNOWN),
        ("benign excluded", UNKNOWN, UNKNOWN),
        ("Malignom ausgeschlossen", UNKNOWN, UNKNOWN),
        ("malignant 10 mm", POSITIVE, UNKNOWN),
        ("0: benign", NEGATIVE, UNKNOWN),
        ("1 - benign", NEGATIVE, UNKNOWN),
        ("benign, then malignant", UNKNOWN, UNKNOWN),
        ("cancer", POSITIVE, UNKNOWN),
        ("benign", NEGATIVE, UNKNOWN),
        ("healthy", NEGATIVE, UNKNOWN),
        ("yes", UNKNOWN, POSITIVE),
        ("0.0", UNKNOWN, NEGATIVE),
        ("-1", UNKNOWN, NEGATIVE),
        ("ill", UNKNOWN, UNKNOWN),
    ],
)
def test_a_label_says_what_it_says(label: str, sign: str, answer: str) -> None:
    assert (codings.sign(label), codings.answer(label)) == (sign, answer)


@pytest.mark.parametrize(
    ("column", "health"),
    [
        *((name, True) for name in ("Benign", "is_normal", "no_cancer", "NotMalignant")),
        *((name, True) for name in ("non-malignant", "noncancer", "nonmalignant", "harmless")),
        *((name, True) for name in ("remission", "disease_free", "malignancy_excluded")),
        *((name, False) for name in ("diagnosis", "malignant", "Malignant?", "case_no", "outcome")),
    ],
)
def test_a_columns_name_may_ask_for_health(column: str, health: bool) -> None:
    assert codings.asks_for_health(column) == health


@pytest.mark.parametrize(
    ("labels", "mixed"),
    [
        (["M", "B", "1", "0"], True),
        (["malignant", "M", "positive", "benign"], True),
        (["2", "4", "B"], True),
        (["M", "B"], False),
        (["benign", "malignant", "normal"], False),
        (["0", "1", "2"], False),
        (["M", "m", "B"], False),
        (["M", "B", "unknown"], True),
        (["yes", "no", "pending"], True),
        (["N", "M", "B"], False),
        (["N", "yes", "B"], True),
        (["lobular", "ductal", "none"], False),
    ],
)
def test_labels_of_several_codings_are_known(labels: list[str], mixed: bool) -> None:
    assert bool(codings.mixed(labels)) == mixed
