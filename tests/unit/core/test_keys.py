from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow import keys
from sonoflow.errors import PayloadInvalid


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("datasets/busi.zip", "busi"),
        ("datasets/BUSI mini (2).zip", "busi-mini-2"),
        ("datasets/2026/Ward 3.ZIP", "ward-3"),
        ("datasets/数据.zip", "dataset"),
        ("datasets/--.zip", "dataset"),
        ("datasets/busi+feedback.zip", "busi"),
        ("datasets/+feedback.zip", "dataset"),
        ("datasets/" + "a" * 31 + "-b.zip", "a" * 31),
    ],
)
def test_a_data_set_is_named_after_its_file(key: str, name: str) -> None:
    assert keys.dataset_name(key) == name


@given(st.text(max_size=80))
def test_a_data_sets_name_always_fits_into_keys_and_execution_names(text: str) -> None:
    name = keys.dataset_name(f"datasets/{text}")

    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", name)


MEMBERS = st.lists(st.tuples(st.text(), st.integers(0, 2**32 - 1), st.integers(0)), min_size=1)


@given(MEMBERS, st.randoms())
def test_a_version_does_not_depend_on_the_members_order(members: list, random: object) -> None:
    shuffled = list(members)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert keys.dataset_version(shuffled) == keys.dataset_version(members)
    assert re.fullmatch("[0-9a-f]{12}", keys.dataset_version(members))


def test_a_version_changes_with_a_name_a_checksum_or_a_size() -> None:
    versions = {
        keys.dataset_version([("a.png", 1, 10)]),
        keys.dataset_version([("b.png", 1, 10)]),
        keys.dataset_version([("a.png", 2, 10)]),
        keys.dataset_version([("a.png", 1, 11)]),
        keys.dataset_version([("a.png", 1, 10), ("a.png", 1, 10)]),
    }

    assert len(versions) == 5


def test_a_version_is_the_digest_that_is_documented() -> None:
    expected = hashlib.sha256(b"a.png\x000000beef\x0010\n").hexdigest()[:12]

    assert keys.dataset_version([("a.png", 0xBEEF, 10)]) == expected


def test_what_a_mapping_says_makes_another_version_of_an_archive() -> None:
    members = [("a.png", 0xBEEF, 10)]
    versions = {
        keys.dataset_version(members, mapping)
        for mapping in ({"classes": "masks"}, {"classes": "names"}, {}, None)
    }

    assert len(versions) == 3
    assert keys.dataset_version(members, {}) == keys.dataset_version(members)


def test_an_image_id_is_the_digest_of_its_path() -> None:
    source = "BUSI/benign/Müller (1).png"

    assert keys.image_id(source) == hashlib.sha256(source.encode()).hexdigest()[:16]


def test_a_data_sets_keys_are_those_of_the_design() -> None:
    dataset = keys.Dataset("busi", "0a1b2c3d4e5f")

    assert dataset.run == "busi-0a1b2c3d4e5f"
    assert dataset.plan == "datasets/busi/0a1b2c3d4e5f/plan.json"
    assert dataset.plan_part == "datasets/busi/0a1b2c3d4e5f/parts/plan.json"
    assert dataset.part(7) == "datasets/busi/0a1b2c3d4e5f/parts/00007.json"
    assert dataset.index == "datasets/busi/0a1b2c3d4e5f/index.jsonl"
    assert dataset.quarantine == "datasets/busi/0a1b2c3d4e5f/quarantine.jsonl"
    assert dataset.manifest("test") == "datasets/busi/0a1b2c3d4e5f/splits/test.manifest"
    assert dataset.report("html") == "datasets/busi/0a1b2c3d4e5f/report.html"
    assert dataset.published("report.html") == "reports/busi/0a1b2c3d4e5f/report.html"


def test_an_inbox_images_keys_keep_its_path_and_extension() -> None:
    path = keys.inbox_path("inbox/ward3/scan.png")

    assert keys.prediction(path) == "predictions/ward3/scan.png.json"
    assert keys.rejection(path) == "rejected/ward3/scan.png.json"
    assert keys.mask(path) == "masks/ward3/scan.png.png"
    assert keys.overlay(path) == "overlays/ward3/scan.png.png"


@pytest.mark.parametrize("key", ["inbox/", "datasets/a.zip", "", "ward/inbox/a.png"])
def test_a_key_outside_the_inbox_is_an_error(key: str) -> None:
    with pytest.raises(PayloadInvalid, match="inbox"):
        keys.inbox_path(key)


@given(st.from_regex(r"[a-z0-9][a-z0-9.-]{2,20}", fullmatch=True), st.text(min_size=1))
def test_a_uri_is_read_as_it_was_written(bucket: str, key: str) -> None:
    assert keys.parse_uri(keys.uri(bucket, key)) == (bucket, key)


@pytest.mark.parametrize("uri", ["", "s3://", "s3://bucket", "s3://bucket/", "https://b/k"])
def test_what_is_no_uri_of_an_object_is_an_error(uri: str) -> None:
    with pytest.raises(PayloadInvalid, match="no S3 URI"):
        keys.parse_uri(uri)


@pytest.mark.parametrize(
    "dataset",
    [
        {"name": "busi", "version": "../../other"},
        {"name": "../other", "version": "0a1b2c3d4e5f"},
        {"name": "busi", "version": "0a1b2c3d4e5f\n"},
        {"name": "busi"},
        {"name": 7, "version": "0a1b2c3d4e5f"},
    ],
)
def test_a_data_set_that_would_write_elsewhere_is_an_error(dataset: dict[str, object]) -> None:
    with pytest.raises(PayloadInvalid, match="dataset"):
        keys.Dataset.parse({"dataset": dataset})


def test_a_tables_parts_lie_below_its_version() -> None:
    dataset = keys.Dataset("wdbc", "0a1b2c3d4e5f")
    prefix = "datasets/wdbc/0a1b2c3d4e5f/"

    assert dataset.table == f"{prefix}table.json"
    assert dataset.table_statistics == f"{prefix}table_statistics.json"
    assert dataset.rows("train", 3) == f"{prefix}rows/train/part-00003.recordio"
    assert dataset.row_names("train", 3) == f"{prefix}rows/train/part-00003.csv"
    assert prefix + keys.staged_rows("train", 3) + ".recordio" == dataset.rows("train", 3)


def test_a_tables_version_is_that_of_its_bytes_and_its_mapping() -> None:
    version = keys.table_version([b"1,M\n", b"2,B\n"], {"label": "ä", "id": None})

    expected = b'1,M\n2,B\n\0{"id":null,"label":"\xc3\xa4"}'
    assert version == hashlib.sha256(expected).hexdigest()[:12]
    assert version == keys.table_version([b"1,M\n2,B\n"], {"id": None, "label": "ä"})
    assert version != keys.table_version([b"1,M\n2,B\n"], {})


def test_an_object_beside_another_lies_in_its_folder() -> None:
    assert keys.beside("training/r/evaluation.json", "report.html") == "training/r/report.html"


RESULTS = (keys.prediction, keys.rejection, keys.mask, keys.overlay, keys.scores, keys.refusal)


@pytest.mark.parametrize("sign", ["x", "ä", "超", "🩺"])
@pytest.mark.parametrize("key", RESULTS)
def test_the_key_of_a_result_is_one_that_s3_takes(key: Callable[[str], str], sign: str) -> None:
    for length in range(980, 1019):
        path = ("d/" + sign * length).encode()[:length].decode("utf-8", "ignore")
        assert len(key(path).encode()) <= 1024
        if length <= 1007:
            assert path in key(path)


def test_a_path_that_is_too_long_is_cut_and_told_apart_by_its_digest() -> None:
    path = "d/" * 508 + "a"
    digest = hashlib.sha256(path.encode()).hexdigest()[:32]

    assert keys.prediction(path) == f"predictions/{path[:974]}~{digest}.json"
    assert keys.mask(path) == f"masks/{path[:974]}~{digest}.png"
    assert keys.mask(path) != keys.mask(path + "b")
