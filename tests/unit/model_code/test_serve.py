from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import serve
from sonomodel.errors import ModelError
from sonomodel.images.preprocessing import decode_grey
from sonomodel.model.familiarity import Familiarity
from sonomodel.model.predictor import Segmenter, load_predictor
from tests.conftest import ROOT
from tests.unit.model_code.asgi_client import Call, serve_calls

IDENTITY = {
    "version": "0123456789ab-01234567",
    "dataset_version": "0123456789ab",
}


@pytest.mark.parametrize("path", ["/invocations", "/"])
def test_classifier_answers_with_label_and_probabilities(
    path: str, classifier_dir: Path, encode: Callable[..., bytes]
) -> None:
    (reply,) = serve_calls(
        serve.create_app(classifier_dir), Call(path, [encode("RGB")], "image/png")
    )

    answer = reply.json()
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert set(answer["probabilities"]) == {"benign", "malignant", "normal"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert answer["model"] == IDENTITY | {
        "name": "classifier",
        "task": "classification",
        "architecture": "resnet18",
    }


@pytest.mark.parametrize("threshold", [0.85, None])
def test_classifier_says_from_where_on_it_needs_nobody_if_it_knows(
    classifier_dir: Path, tmp_path: Path, encode: Callable[..., bytes], threshold: float | None
) -> None:
    folder = shutil.copytree(classifier_dir, tmp_path / "model")
    told = json.loads((folder / "model.json").read_text())
    triage = {"threshold": threshold, "required_accuracy": 0.95}
    (folder / "model.json").write_text(json.dumps(told | {"triage": triage}))
    call = Call("/invocations", [encode()], "image/png")

    (knows,) = serve_calls(serve.create_app(folder), call)
    (does_not,) = serve_calls(serve.create_app(classifier_dir), call)

    assert knows.json() == does_not.json() | {"triage": {"threshold": threshold}}
    assert "triage" not in does_not.json()


def test_classifier_says_of_what_is_unlike_its_training_if_it_knows(
    classifier_dir: Path, tmp_path: Path, encode: Callable[..., bytes]
) -> None:
    folder = shutil.copytree(classifier_dir, tmp_path / "model")
    told = json.loads((folder / "model.json").read_text())
    features = 128 + 256 + 512
    known = Familiarity.of(torch.rand(64, features))
    assert known is not None
    known.save(folder)
    calls = [Call("/invocations", [encode()], "image/png")]

    for threshold in (0.0, 1e12):
        chosen = told | {"familiarity": {"threshold": threshold}}
        (folder / "model.json").write_text(json.dumps(chosen))
        (answered,) = serve_calls(serve.create_app(folder), *calls)
        assert answered.json()["unlike_training_data"] is (threshold == 0)


@pytest.mark.parametrize("path", ["/invocations", "/"])
def test_segmenter_answers_with_a_map_of_the_images_size(
    path: str, segmenter_dir: Path, encode: Callable[..., bytes]
) -> None:
    data = encode("RGB", (123, 77))
    (reply,) = serve_calls(serve.create_app(segmenter_dir), Call(path, [data], "image/png"))

    with Image.open(io.BytesIO(reply.body)) as picture:
        assert reply.headers["content-type"] == picture.get_format_mimetype() == "image/png"
        assert (picture.mode, picture.size) == ("L", (123, 77))
        model = json.loads(picture.text["sonoflow-model"])  # type: ignore[attr-defined]
        levels = np.asarray(picture)
    assert model == IDENTITY | {
        "name": "segmenter",
        "task": "segmentation",
        "architecture": "unet",
    }
    segmenter = load_predictor(segmenter_dir)
    assert isinstance(segmenter, Segmenter)
    np.testing.assert_array_equal(levels, segmenter.lesion_map(decode_grey(data)))


def test_ping_answers_once_the_model_is_loaded(classifier_dir: Path) -> None:
    (reply,) = serve_calls(serve.create_app(classifier_dir), Call("/ping", method="GET"))

    assert reply.status == 200
    assert reply.json()["model"]["name"] == "classifier"


def test_application_does_not_start_without_a_model(tmp_path: Path) -> None:
    with pytest.raises((ModelError, RuntimeError), match=r"model\.json"):
        serve_calls(serve.create_app(tmp_path))


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/png", "PNG"),
        ("image/jpeg", "JPEG"),
        ("image/bmp", "BMP"),
        ("image/tiff", "TIFF"),
        ("IMAGE/PNG; charset=binary", "PNG"),
        ("application/octet-stream", "JPEG"),
        (None, "TIFF"),
    ],
)
def test_all_promised_content_types_are_taken(
    content_type: str | None, kind: str, segmenter_dir: Path, encode: Callable[..., bytes]
) -> None:
    data = encode("L", kind=kind)

    (reply,) = serve_calls(serve.create_app(segmenter_dir), Call("/", [data], content_type))

    assert reply.status == 200, reply.body


@pytest.mark.parametrize("content_type", ["text/csv", "application/json", "image/svg+xml"])
def test_other_content_types_are_refused(
    content_type: str, segmenter_dir: Path, encode: Callable[..., bytes]
) -> None:
    call = Call("/invocations", [encode()], content_type)

    (reply,) = serve_calls(serve.create_app(segmenter_dir), call)

    assert reply.status == 415
    assert content_type in reply.json()["error"]


def test_bad_images_are_refused_and_the_next_good_one_is_answered(
    segmenter_dir: Path, encode: Callable[..., bytes]
) -> None:
    good = encode("L", (200, 150))
    bad = [b"", b"not an image", good[: len(good) // 2], encode("L", kind="GIF"), bytes(5000)]
    calls = [Call("/invocations", [data], "image/png") for data in (*bad, good)]

    *refused, answered = serve_calls(serve.create_app(segmenter_dir), *calls)

    assert [reply.status for reply in refused] == [400] * len(bad)
    assert all(reply.json()["error"] for reply in refused)
    assert answered.status == 200


def test_body_that_goes_on_and_on_is_cut_off(
    segmenter_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "MAXIMUM_BODY", 1000)
    call = Call("/invocations", [bytes(400)] * 100, "image/png")

    (reply,) = serve_calls(serve.create_app(segmenter_dir), call)

    assert reply.status == 413


def test_body_may_arrive_in_pieces(segmenter_dir: Path, encode: Callable[..., bytes]) -> None:
    data = encode()
    pieces = [data[start : start + 100] for start in range(0, len(data), 100)]
    whole, split = Call("/", [data], "image/png"), Call("/", pieces, "image/png")

    first, second = serve_calls(serve.create_app(segmenter_dir), whole, split)

    assert first.body == second.body


@pytest.mark.slow
@pytest.mark.parametrize(("given", "threads"), [("", len(os.sched_getaffinity(0))), ("1", 1)])
def test_every_processor_computes_whatever_omp_is_told_unless_the_setting_says_how_many(
    classifier_dir: Path, given: str, threads: int
) -> None:
    """Given what Ray tells OMP in each of its workers, a process of its own: OMP is asked once."""
    program = (
        "import sys, pathlib, serve\n"
        "from tests.unit.model_code.asgi_client import Call, serve_calls\n"
        "app = serve.create_app(pathlib.Path(sys.argv[1]))\n"
        "(reply,) = serve_calls(app, Call('/ping', method='GET'))\n"
        "print(reply.json()['threads'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(classifier_dir)],
        env={
            "OMP_NUM_THREADS": "1",
            "SONOFLOW_TORCH_THREADS": given,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'model_code'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(threads), done.stderr


def test_number_of_threads_is_a_setting(
    classifier_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("SONOFLOW_TORCH_THREADS", "3")

    try:
        serve_calls(serve.create_app(classifier_dir))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_serving_knows_nothing_of_training() -> None:
    """Start-up time and memory of an endpoint, and what can break it."""
    names = "{name.split('.')[1] for name in sys.modules if name.startswith('sonomodel.')}"
    program = f"import serve, sys; print(*{names})"

    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT / "model_code"), "OMP_NUM_THREADS": "1"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )

    assert set(found.stdout.split()) == {"errors", "images", "model", "networks"}
