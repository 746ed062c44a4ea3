"""Lambda's quotas hold on the laptop: what is beyond them ends or is refused, in AWS's words."""

from __future__ import annotations

import base64
import io
import json
import secrets
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop
from tests.integration.invocations import invoke

ECHO = "def handler(event, context): return event"
IN_MEMORY = "hoard = b'x' * (400 * 2**20)"
OUT_OF_MEMORY = {
    "at once": f"def handler(event, context):\n    {IN_MEMORY}\n    __import__('time').sleep(9)\n",
    # over before anybody can look
    "for a moment": f"def handler(event, context):\n    {IN_MEMORY}\n    del hoard\n    return 1\n",
    "in a process of its own": (
        "import subprocess, sys\n"
        "def handler(event, context):\n"
        f"    code = \"{IN_MEMORY}; __import__('time').sleep(9)\"\n"
        "    subprocess.run([sys.executable, '-c', code])\n"
    ),
    "while it starts": f"{IN_MEMORY}\n__import__('time').sleep(9)\n{ECHO}\n",
}


def archive(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return data.getvalue()


def refusal(call: Callable[..., Any], **request: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response
    status = error["ResponseMetadata"]["HTTPStatusCode"]
    return status, error["Error"]["Code"], error["Error"]["Message"]


@pytest.mark.parametrize("source", OUT_OF_MEMORY.values(), ids=OUT_OF_MEMORY.keys())
def test_a_function_that_takes_more_memory_than_it_has_is_killed(
    probe: Laptop, inline: Callable[..., str], source: str
) -> None:
    name = inline(source, MemorySize=256, Timeout=20)

    error, answer = invoke(probe, name, {}, LogType="Tail")

    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Runtime.OutOfMemory"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    report = base64.b64decode(answer["LogResult"]).decode().splitlines()[-1]
    assert "\tMemory Size: 256 MB\tMax Memory Used: 256 MB\t" in report
    assert report.endswith("\tStatus: error\tError Type: Runtime.OutOfMemory")


def test_a_function_may_take_the_memory_that_it_has(
    probe: Laptop, inline: Callable[..., str]
) -> None:
    source = "def handler(event, context): return len(b'x' * (400 * 2**20))"

    answer, _ = invoke(probe, inline(source, MemorySize=512, Timeout=20), {})

    assert answer == 400 * 2**20


FILES = {
    "one file": "open(f'{folder}/large', 'wb').write(bytes(600 * 2**20))",
    "a file without a name": "f = tempfile.TemporaryFile(); f.write(bytes(600 * 2**20)); f.flush()",
}


@pytest.mark.parametrize("statement", FILES.values(), ids=FILES.keys())
def test_a_function_finds_no_more_storage_than_it_has(
    probe: Laptop, inline: Callable[..., str], statement: str
) -> None:
    source = (
        "import tempfile, time\n"
        "def handler(event, context):\n"
        "    folder = tempfile.gettempdir()\n"
        f"    {statement}\n"
        "    time.sleep(event.get('seconds', 0))\n"
        "    return 'written'\n"
    )
    name = inline(source, MemorySize=1024, Timeout=30)

    for event in ({}, {"seconds": 20}):
        error, _ = invoke(probe, name, event)
        assert error == {
            "errorType": "OSError",
            "errorMessage": "[Errno 28] No space left on device",
        }

    probe.client("lambda").update_function_configuration(
        FunctionName=name, EphemeralStorage={"Size": 1024}
    )
    assert invoke(probe, name, {})[0] == "written"


def test_a_process_that_kills_itself_is_not_out_of_memory(
    probe: Laptop, inline: Callable[..., str]
) -> None:
    source = "import os\ndef handler(event, context): os.kill(os.getpid(), event['signal'])"
    name = inline(source)

    for number, words in ((9, "signal: killed"), (11, "signal: segmentation fault")):
        error, _ = invoke(probe, name, {"signal": number})
        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith(f"Runtime exited with error: {words}")


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6 * 2**20), ("Event", 2**20)])
def test_an_event_is_as_large_as_its_kind_of_invocation_allows(
    probe: Laptop, inline: Callable[..., str], kind: str, limit: int
) -> None:
    name, client = inline("def handler(event, context): return len(event)"), probe.client("lambda")
    largest = json.dumps("x" * (limit - 2)).encode()

    assert client.invoke(FunctionName=name, InvocationType=kind, Payload=largest)["StatusCode"] in (
        200,
        202,
    )
    assert refusal(
        client.invoke, FunctionName=name, InvocationType=kind, Payload=largest + b" "
    ) == (
        413,
        "RequestEntityTooLargeException",
        f"{limit + 1} byte payload is too large for the {kind} invocation type "
        f"(limit {limit} bytes)",
    )


def test_a_response_beyond_six_megabytes_is_an_error(
    probe: Laptop, inline: Callable[..., str]
) -> None:
    name = inline("def handler(event, context): return 'x' * event", MemorySize=512)

    assert len(invoke(probe, name, 6_291_554)[0]) == 6_291_554
    error, answer = invoke(probe, name, 6_291_555)

    assert answer["FunctionError"] == "Unhandled"
    assert error == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": (
            "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        ),
    }


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (
            {"MemorySize": 10_241},
            "ValidationException",
            "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy "
            "constraint: Member must have value less than or equal to 10240",
        ),
        (
            {"Timeout": 901},
            "ValidationException",
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy "
            "constraint: Member must have value less than or equal to 900",
        ),
        (
            {"Environment": {"Variables": {"LARGE": "x" * 4085}}},
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided exceeded the 4KB limit. Measured size: 4097 bytes",
        ),
    ],
)
def test_settings_that_lambda_does_not_have_are_refused(
    probe: Laptop,
    inline: Callable[..., str],
    settings: dict[str, Any],
    code: str,
    message: str,
) -> None:
    client, name = probe.client("lambda"), inline(ECHO)
    before = client.get_function_configuration(FunctionName=name)

    refused = refusal(client.update_function_configuration, FunctionName=name, **settings)

    assert refused == (400, code, message)
    after = client.get_function_configuration(FunctionName=name)
    assert [after[key] for key in ("MemorySize", "Timeout")] == [
        before[key] for key in ("MemorySize", "Timeout")
    ]
    assert "Environment" not in after
    assert refusal(
        client.create_function,
        FunctionName="refused",
        Role=before["Role"],
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": archive(**{"app.py": ECHO.encode()})},
        **settings,
    ) == (400, code, message)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_function(FunctionName="refused")


def test_four_kilobytes_of_environment_are_taken(probe: Laptop, inline: Callable[..., str]) -> None:
    source = "import os\ndef handler(event, context): return len(os.environ['LARGE'])"

    name = inline(source, Environment={"Variables": {"LARGE": "x" * 4084}})

    assert invoke(probe, name, {})[0] == 4084


PACKAGES = {
    "unzipped": (
        {"app.py": ECHO.encode(), "large.bin": bytes(250 * 2**20)},
        "Unzipped size must be smaller than 262144000 bytes",
    ),
    # scipy and torch are installed here; on AWS they would lie in the package
    "with its requirements": (
        {"app.py": ECHO.encode(), "requirements.txt": b"torch\n"},
        "Unzipped size must be smaller than 262144000 bytes",
    ),
}


@pytest.mark.parametrize(("members", "message"), PACKAGES.values(), ids=PACKAGES.keys())
def test_a_package_beyond_250_megabytes_is_refused_and_the_code_stays(
    probe: Laptop, inline: Callable[..., str], members: dict[str, bytes], message: str
) -> None:
    client, name = probe.client("lambda"), inline(ECHO)
    before = client.get_function(FunctionName=name)["Configuration"]["CodeSha256"]

    refused = refusal(client.update_function_code, FunctionName=name, ZipFile=archive(**members))

    assert refused == (400, "InvalidParameterValueException", message)
    assert client.get_function(FunctionName=name)["Configuration"]["CodeSha256"] == before
    assert invoke(probe, name, {"still": "there"})[0] == {"still": "there"}


def test_a_package_that_is_sent_along_is_fifty_megabytes_at_most(
    probe: Laptop, inline: Callable[..., str]
) -> None:
    noise = archive(**{"app.py": ECHO.encode(), "noise.bin": secrets.token_bytes(50 * 2**20)})

    status, code, message = refusal(
        probe.client("lambda").update_function_code, FunctionName=inline(ECHO), ZipFile=noise
    )

    assert (status, code) == (413, "RequestEntityTooLargeException")
    assert message == "Zipped size must be smaller than 52428800 bytes"


def test_a_package_that_is_no_archive_is_refused(probe: Laptop, inline: Callable[..., str]) -> None:
    status, code, message = refusal(
        probe.client("lambda").update_function_code, FunctionName=inline(ECHO), ZipFile=b"no zip"
    )

    assert (status, code) == (400, "InvalidParameterValueException")
    assert message.startswith("Could not unzip uploaded file.")
