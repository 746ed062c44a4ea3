from __future__ import annotations

import pytest

from sonoflow.archives import code_pages


def written(page: str, *names: str) -> list[bytes]:
    return [name.encode(page) for name in names]


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("gb18030", ["良性/1.png", "恶性/1.png"]),
        ("gb18030", ["数据集/患者甲/图一.png"]),
        ("cp932", ["良表/1.png", "悪ソフト/1.png"]),
        ("cp932", ["データ/せいじょう/1.png"]),
        ("cp949", ["양성/1.png", "악성/2.png"]),
        ("cp949", ["데이터/환자/사진.png"]),
        ("cp437", ["Läsion (gutartig)/Größe 1.png", "Müller.png"]),
        ("cp850", ["São Paulo/imagem.png", "bénin/é.png"]),
        ("cp437", ["bösartig/1.png", "gutartig/1.png"]),
        ("cp437", ["Bénin/1.png", "Malin/1.png"]),
        ("cp437", ["Ärzte/für/1.png", "Größe/1.png"]),
        ("cp852", ["łagodny/1.png", "złośliwy/1.png"]),
        ("cp866", ["рак/1.png", "normal/1.png"]),
        ("cp1252", ["Läsion/Größe.png", "bösartig/é1.png"]),
        ("cp866", ["доброкачественные/снимок.png", "норма/1.png"]),
        ("cp1251", ["доброкачественные/снимок.png", "норма/1.png"]),
        ("koi8_r", ["Больная/снимок.png", "здоровая/1.png"]),
        ("cp1253", ["καλοήθης/εικόνα.png", "κακοήθης/1.png"]),
        ("cp1256", ["حميد/صورة.png", "خبيث/1.png"]),
        ("big5", ["良性/影像.png", "惡性/影像.png"]),
    ],
)
def test_the_page_is_chosen_in_which_the_names_are_words(page: str, names: list[str]) -> None:
    chosen = code_pages.choose(written(page, *names))

    assert [raw.decode(chosen) for raw in written(page, *names)] == names


def test_bytes_that_make_sense_in_no_page_are_read_as_the_format_says() -> None:
    assert code_pages.choose([b"\xb0\xb1\xdb\xff\xfe\x80"]) == code_pages.FALLBACK
    assert code_pages.choose([]) == code_pages.FALLBACK


def test_names_that_differ_stay_apart_in_every_page() -> None:
    raws = {bytes([first, second]) for first in range(0xA1, 0xFF) for second in (0xA1, 0xB5, 0xFE)}
    for page in code_pages.PAGES:
        if page == "big5":  # knows two signs twice
            continue
        told = [raw.decode(page) for raw in raws if _decodes(raw, page)]
        assert len(set(told)) == len(told), page


def _decodes(raw: bytes, page: str) -> bool:
    try:
        raw.decode(page)
    except UnicodeDecodeError:
        return False
    return True


def test_the_assumption_names_page_and_number() -> None:
    told = code_pages.assumption("cp932", 7).detail

    assert "7 names" in told
    assert "cp932" in told


def test_bytes_may_say_a_name_in_one_of_the_pages() -> None:
    assert code_pages.may_say("良性".encode("gbk"), "良性")
    assert not code_pages.may_say("良性".encode("gbk"), "恶性")


@pytest.mark.parametrize(
    ("name", "page", "rival"),
    [("груди", "cp866", "cp737"), ("снимки", "cp1251", "cp1251"), ("größe", "cp850", "cp850")],
)
def test_pages_in_which_one_name_makes_as_much_sense_are_named(
    name: str, page: str, rival: str
) -> None:
    raw = [name.encode(page)]
    chosen = code_pages.choose(raw)
    others = code_pages.rivals(raw, chosen)

    assert rival in others
    assert chosen not in others
    assert (
        f"({', '.join(others[:4])} would do as well)"
        in code_pages.assumption(chosen, 1, others).detail
    )


def test_a_known_word_has_no_rival() -> None:
    raw = ["норма".encode("cp866")]

    assert code_pages.rivals(raw, code_pages.choose(raw)) == []


def test_names_that_make_no_words_in_any_page_are_said_to() -> None:
    raw = ["\u203920µm".encode("cp1252")]
    page = code_pages.choose(raw)

    assert not code_pages.makes_sense(raw, page)
    told = code_pages.assumption(page, 1, code_pages.rivals(raw, page), sense=False)
    assert "code page cp437, and make words in none" in told.detail
