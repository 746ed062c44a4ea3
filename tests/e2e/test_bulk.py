"""A zip and a manifest of the inbox on the laptop runtime: the answers are those of single uploads,
and whatever is stopped goes on without doing anything twice.

The endpoints are processes of the runtime with a model of a few lines, which says the same of equal
bytes whoever asks.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.conftest import Deploy, Stack, wait_for
from tests.integration.interpreter.test_training_jobs import archive
from tests.integration.roles import letting_in
from tests.unit import bulk

pytestmark = pytest.mark.slow

CONFIG = 'applications:\n- name: model\n  import_path: ray_app:deployment\n  route_prefix: "/"\n'
SERVE = """
import asyncio, hashlib, io, json
from PIL import Image, PngImagePlugin

MODEL = {"name": "ROLE", "version": "cd0007f2cf09-5e3a91c0", "dataset_version": "cd0007f2cf09"}

def classified(body):
    share = hashlib.sha256(body).digest()[0] / 512
    probabilities = {"benign": 0.5 + share / 2, "malignant": 0.5 - share / 2, "normal": 0.0}
    document = {"label": "benign", "probabilities": probabilities, "model": MODEL}
    return "application/json", json.dumps(document).encode()

def segmented(body):
    image = Image.open(io.BytesIO(body)).convert("L")
    found, info = io.BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("sonoflow-model", json.dumps(MODEL))
    image.point(lambda value: 200 if value < 60 else 20).save(found, "PNG", pnginfo=info)
    return "image/png", found.getvalue()

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body")
    kind, answer = "application/json", b"{}"
    if scope["path"] != "/ping":
        await asyncio.sleep(0.2)
        kind, answer = (classified if "ROLE" == "classifier" else segmented)(body)
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", kind.encode())]})
    await send({"type": "http.response.body", "body": answer})
"""


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Iterator[Stack]:
    quick = {"InboxRetrySeconds": "1", "InboxMaxReceives": "3", "SweepRate": "off"}
    with deploy(BulkConcurrency="2", **quick) as deployed:
        for role in ("classifier", "segmenter"):
            serve(deployed, role)
        yield deployed


def serve(stack: Stack, role: str) -> None:
    key = f"training/by-hand-{role}/output/model.tar.gz"
    files = {"config.yaml": CONFIG, "code/serve.py": SERVE.replace("ROLE", role)}
    stack.s3.put_object(Bucket=stack.work, Key=key, Body=archive(files))
    cloudformation = stack.laptop.client("cloudformation")
    detail = cloudformation.describe_stack_resource(
        StackName="sonoflow", LogicalResourceId="SageMakerRole"
    )["StackResourceDetail"]
    name = f"sonoflow-{role}"
    stack.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=f"arn:aws:iam::123456789012:role/{detail['PhysicalResourceId']}",
        EnableNetworkIsolation=True,
        PrimaryContainer={
            "Image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/ray:serve-ml-sagemaker-cpu-v1",
            "ModelDataUrl": f"s3://{stack.work}/{key}",
        },
    )
    stack.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "primary",
                "ModelName": name,
                "InstanceType": "ml.c7i.large",
                "InitialInstanceCount": 1,
            }
        ],
    )
    stack.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def in_service() -> bool:
        found = stack.sagemaker.describe_endpoint(EndpointName=name)
        return bool(found["EndpointStatus"] == "InService")

    wait_for(in_service, f"the endpoint {name}", 60)


@pytest.fixture(scope="module")
def images(phantoms: Callable[[int], bytes]) -> list[tuple[str, bytes]]:
    """Twelve phantoms, by name."""
    with zipfile.ZipFile(io.BytesIO(phantoms(3))) as opened:
        names = [n for n in opened.namelist() if n.endswith(".png") and "_mask" not in n]
        chosen = sorted(names)[::2][:12]
        return [(f"{number:02d}/{Path(n).name}", opened.read(n)) for number, n in enumerate(chosen)]


@pytest.fixture
def told(stack: Stack) -> Iterator[Callable[[], list[Any]]]:
    """The details of all events of the product since the beginning of the test."""
    sqs, events = stack.laptop.client("sqs"), stack.laptop.client("events")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn = attributes["QueueArn"]
    policy = letting_in("events.amazonaws.com", "sqs:SendMessage", arn)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_rule(Name="told", EventPattern=json.dumps({"source": ["sonoflow"]}))
    events.put_targets(Rule="told", Targets=[{"Id": "queue", "Arn": arn}])
    heard: list[Any] = []

    def received() -> list[Any]:
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages"):
            for message in messages:
                heard.append(json.loads(message["Body"])["detail"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return heard

    yield received
    events.remove_targets(Rule="told", Ids=["queue"])
    events.delete_rule(Name="told")
    sqs.delete_queue(QueueUrl=url)


def summary_of(stack: Stack, path: str) -> dict[str, Any]:
    return stack.wait_for_document(stack.results, f"bulk/{path}.json")


def rows_of(stack: Stack, path: str) -> list[dict[str, Any]]:
    body = stack.find(stack.results, f"bulk/{path}.jsonl") or b""
    return [json.loads(line) for line in body.decode().splitlines()]


def said(document: dict[str, Any], folder: str) -> Any:
    """Of an image, and not of where it came from, or when."""
    found = json.loads(json.dumps(document).replace(f"/{folder}/", "/FOLDER/"))
    for name in ("time", "timing", "sequencer"):
        found.pop(name, None)
    for name in ("version_id", "archive"):
        found["image"].pop(name, None)
    return found


def pixels(stack: Stack, key: str) -> bytes:
    return Image.open(io.BytesIO(stack.wait_for_object(stack.results, key))).tobytes()


def test_a_zip_is_answered_as_its_files_are_one_by_one(
    stack: Stack, images: list[tuple[str, bytes]], told: Callable[[], list[Any]]
) -> None:
    files = [*images, ("notes.txt", b"dear colleague"), ("rows.csv", b"a,b\n1,2\n")]
    twice = ("00/twice.png", images[1][1])
    data = bulk.archive([*files, ("bad.png", images[0][1]), twice, ("00/twice.png", images[2][1])])
    stack.upload("inbox/week.zip", bulk.damaged(data, "bad.png"))
    for name, content in files[:-1]:
        stack.upload(f"inbox/alone/{name}", content)

    summary = summary_of(stack, "week.zip")

    assert summary["counts"] == {
        **{"all": 17, "predicted": 13, "rejected": 3, "refused": 1, "failed": 0, "overtaken": 0},
        "withdrawn": 0,
    }
    assert summary["reasons"] == {
        "unsupported-extension": 1,
        "table-in-archive": 1,
        "crc-mismatch": 1,
        "duplicate-name": 1,
    }
    for name, _ in images:
        single = stack.wait_for_document(stack.results, f"predictions/alone/{name}.json")
        member = stack.wait_for_document(stack.results, f"predictions/week.zip/{name}.json")
        assert said(member, "week.zip") == said(single, "alone")
        for kind in ("masks", "overlays"):
            assert pixels(stack, f"{kind}/week.zip/{name}.png") == pixels(
                stack, f"{kind}/alone/{name}.png"
            )
    single = stack.wait_for_document(stack.results, "rejected/alone/notes.txt.json")
    member = stack.wait_for_document(stack.results, "rejected/week.zip/notes.txt.json")
    assert said(member, "week.zip") == said(single, "alone")
    paths = [event["upload"]["key"] for event in told() if "week.zip" in event["upload"]["key"]]
    assert len(paths) == len(set(paths)) == 16
    told = stack.notification("A zip or manifest of the inbox (run bulk-")
    assert "week.zip" not in told  # it may name a patient
    (run,) = stack.runs("AnswerBulk")
    assert stack.end_of(run["executionArn"])["status"] == "SUCCEEDED"


def sweep(stack: Stack) -> Any:
    detail = stack.laptop.client("cloudformation").describe_stack_resource(
        StackName="sonoflow", LogicalResourceId="SweepUploadsFunction"
    )["StackResourceDetail"]
    answer = stack.laptop.client("lambda").invoke(
        FunctionName=detail["PhysicalResourceId"], Payload=json.dumps({"sweep": {"minutes": 0}})
    )
    return json.loads(answer["Payload"].read())


def test_what_is_stopped_goes_on_and_does_nothing_twice(
    stack: Stack, images: list[tuple[str, bytes]], told: Callable[[], list[Any]]
) -> None:
    files = [(f"{turn}/{name}", data) for turn in range(6) for name, data in images]
    before = {run["executionArn"] for run in stack.runs("AnswerBulk")}
    stack.upload("inbox/long.zip", bulk.archive(files))

    def answered() -> list[str]:
        return stack.keys(stack.results, "predictions/long.zip/")

    wait_for(lambda: len(answered()) >= 10, "some answers", 60)
    (run,) = (r for r in stack.runs("AnswerBulk") if r["executionArn"] not in before)
    stack.states.stop_execution(executionArn=run["executionArn"])
    assert stack.end_of(run["executionArn"])["status"] == "ABORTED"
    first = answered()
    assert 10 <= len(first) < len(files)
    written = {key: stack.s3.head_object(Bucket=stack.results, Key=key) for key in first[:10]}

    assert "inbox/long.zip" in sweep(stack)["unanswered"]
    again = f"{run['executionArn']}-2"
    wait_for(lambda: again in {r["executionArn"] for r in stack.runs("AnswerBulk")}, again, 30)
    assert stack.end_of(again)["status"] == "SUCCEEDED"
    summary = summary_of(stack, "long.zip")

    assert summary["counts"]["predicted"] == summary["counts"]["all"] == len(files)
    assert summary["run"] == f"{run['name']}-2"
    for key, head in written.items():
        now = stack.s3.head_object(Bucket=stack.results, Key=key)
        assert now["VersionId"] == head["VersionId"]
    keys = [event["upload"]["key"] for event in told()]
    assert len([key for key in keys if "long.zip" in key]) == len(set(keys)) == len(files)
    assert "inbox/long.zip" not in sweep(stack)["unanswered"]


def test_a_manifest_is_answered_line_by_line_and_a_foreign_line_is_refused(
    stack: Stack, images: list[tuple[str, bytes]]
) -> None:
    for number, (_, data) in enumerate(images[:3]):
        stack.upload(f"inbox/listed/{number}.png", data)
    lines = [
        json.dumps({"uri": f"s3://{stack.uploads}/inbox/listed/0.png"}),
        f"s3://{stack.uploads}/inbox/listed/1.png",
        f"s3://{stack.results}/predictions/listed/0.png.json",
        f"s3://{stack.uploads}/inbox/listed/never.png",
        f"s3://{stack.uploads}/inbox/listed/2.png",
    ]
    stack.upload("inbox/some.jsonl", "\n".join(lines).encode())

    summary = summary_of(stack, "some.jsonl")

    rows = {row["line"]: (row["outcome"], row["reason"]) for row in rows_of(stack, "some.jsonl")}
    assert rows == {
        1: ("predicted", None),
        2: ("predicted", None),
        3: ("refused", "outside-inbox"),
        4: ("refused", "not-found"),
        5: ("predicted", None),
    }
    assert summary["kind"] == "manifest"
    assert summary["counts"]["failed"] == 0


def drop(stack: Stack, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", "drop", "--state", str(stack.laptop.state)]
    command += ["--to", "inbox/", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_drop_shows_the_summary(
    stack: Stack, images: list[tuple[str, bytes]], tmp_path: Path
) -> None:
    file = tmp_path / "drop.zip"
    file.write_bytes(bulk.archive([*images[:2], ("notes.txt", b"words")]))

    done = drop(stack, file)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"predicted\W+2\b", done.stdout), done.stdout
    assert "rejected drop.zip/notes.txt: unsupported-extension" in done.stdout


def test_drop_says_why_a_zip_was_rejected(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "words.zip"
    file.write_bytes(b"Dear colleague, see below.")

    done = drop(stack, file)

    assert done.returncode == 1
    assert "words.zip was rejected: not-a-zip" in done.stdout


def test_a_zip_whose_endpoint_is_gone_waits_and_is_answered_when_there_is_one(
    stack: Stack, images: list[tuple[str, bytes]]
) -> None:
    stack.sagemaker.delete_endpoint(EndpointName="sonoflow-segmenter")
    before = {run["executionArn"] for run in stack.runs("AnswerBulk")}
    stack.upload("inbox/early.zip", bulk.archive(images[:2]))
    wait_for(
        lambda: stack.said("AnswerMembers", '"waiting":true') > 0, "it to wait for a model", 60
    )

    stack.sagemaker.create_endpoint(
        EndpointName="sonoflow-segmenter", EndpointConfigName="sonoflow-segmenter"
    )

    (run,) = (r for r in stack.runs("AnswerBulk") if r["executionArn"] not in before)
    assert stack.end_of(run["executionArn"])["status"] == "SUCCEEDED"
    assert summary_of(stack, "early.zip")["counts"]["predicted"] == 2
