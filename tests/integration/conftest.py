"""A laptop runtime per template and parameters, shared by all tests that use it.

def test_something(laptop_for):
    laptop = laptop_for(PROBE, {"Greeting": "goodbye"})
    laptop.client("s3").put_object(Bucket=laptop.outputs["UploadsBucketName"], …)
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from local.laptop.client import Laptop

ROOT = Path(__file__).resolve().parents[2]
PROBE = Path(__file__).with_name("stacks") / "probe" / "template.yaml"
_NO_PARAMETERS: Mapping[str, str] = {}
Found = TypeVar("Found")


class LaptopFor(Protocol):
    def __call__(self, template: Path, parameters: Mapping[str, str] = ...) -> Laptop: ...


@pytest.fixture(scope="session")
def laptop_for(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopFor]:
    """Returns the running laptop with that template deployed, starting it on first use."""
    running: dict[tuple[Path, frozenset[tuple[str, str]]], Laptop] = {}
    cache = tmp_path_factory.getbasetemp() / "laptop-build"

    def get(template: Path, parameters: Mapping[str, str] = _NO_PARAMETERS) -> Laptop:
        key = (template, frozenset(parameters.items()))
        if key not in running:
            state = tmp_path_factory.mktemp("laptop")
            cache.mkdir(exist_ok=True)
            (state / "build").symlink_to(cache)
            running[key] = Laptop.start(ROOT, state, template=template, parameters=parameters)
        return running[key]

    yield get
    for laptop in running.values():
        laptop.stop()


@pytest.fixture(scope="session")
def probe(laptop_for: LaptopFor) -> Laptop:
    """The probe stack: one of everything that the runtime's own modules serve."""
    return laptop_for(PROBE)


@pytest.fixture(scope="session")
def idle_role(probe: Laptop) -> str:
    """ARN of a role that state machines and models may have, and that may do nothing."""
    services = ["states.amazonaws.com", "sagemaker.amazonaws.com"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": services},
        "Action": "sts:AssumeRole",
    }
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    created = probe.client("iam").create_role(
        RoleName="idle", AssumeRolePolicyDocument=json.dumps(trust)
    )
    return str(created["Role"]["Arn"])


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Calls a function until it returns something true, and returns that."""

    def wait(look: Callable[[], Found], *, within: float = 20.0) -> Found:
        deadline = time.monotonic() + within
        while True:
            found = look()
            if found or time.monotonic() > deadline:
                assert found, f"nothing came within {within} seconds"
                return found
            time.sleep(0.05)

    return wait


@pytest.fixture
def settled(probe: Laptop, eventually: Callable[..., object]) -> Callable[[str], Any]:
    """A stack's description when nothing is going on with it any more."""
    client = probe.client("cloudformation")

    def look(name: str) -> Any:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    return lambda name: eventually(lambda: look(name))


@pytest.fixture
def create(probe: Laptop, settled: Callable[[str], Any]) -> Callable[..., Any]:
    """Creates a stack and returns its description when it has settled."""
    name = f"stack-{time.monotonic_ns()}"
    client = probe.client("cloudformation")

    def run(template: dict[str, Any], **parameters: str) -> Any:
        client.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        return settled(name)

    return run


@pytest.fixture
def inline(probe: Laptop) -> Iterator[Callable[..., str]]:
    """Creates a function from source text."""
    client, names = probe.client("lambda"), []

    def create(source: str, **settings: Any) -> str:
        name = f"inline-{len(names)}-{time.monotonic_ns()}"
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("app.py", source)
            archive.writestr("requirements.txt", settings.pop("Requirements", ""))
        role = client.get_function(FunctionName=probe.outputs["MisbehaveFunctionName"])
        defaults = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 5}
        client.create_function(
            FunctionName=name,
            Role=role["Configuration"]["Role"],
            Code={"ZipFile": data.getvalue()},
            **{**defaults, **settings},
        )
        names.append(name)
        return name

    yield create
    for name in names:
        client.delete_function(FunctionName=name)


@pytest.fixture
def queue_names(probe: Laptop) -> Callable[[str], list[str]]:
    """The queues whose names begin with a stack's."""

    def names(prefix: str) -> list[str]:
        urls = probe.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
        return [url.rsplit("/", 1)[1] for url in urls]

    return names
