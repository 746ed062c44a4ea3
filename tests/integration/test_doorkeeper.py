"""What the runtime's listeners refuse, byte for byte as a browser or an attacker would send it."""

from __future__ import annotations

import http.client
import io
import socket
import tarfile
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.laptop.client import Laptop
from tests.integration.roles import role
from tests.integration.test_laptop import invoke, processes_of

EVIL = "http://evil.example"
FORM = "multipart/form-data; boundary=b"
# Keys by the header's name; what a browser adds to a request of a page of another site.
CROSS_SITE = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},  # a page of another port of this machine
    {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
]
SERVE = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})
"""


@pytest.fixture
def bucket(probe: Laptop) -> str:
    return str(probe.outputs["UploadsBucketName"])


def port_of(laptop: Laptop) -> int:
    return int(laptop.endpoint_url.rsplit(":", 1)[1])


def ask(
    port: int, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def say(port: int, text: bytes) -> int:
    """The status of the answer to these very bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(text)
        return int(connection.makefile("rb").readline().split()[1])


def listeners(laptop: Laptop) -> set[int]:
    """Ports that the runtime and its children listen on."""
    inodes = set()
    for process in {laptop.pid, *processes_of(laptop.state)}:
        for link in Path(f"/proc/{process}/fd").glob("*"):
            if link.is_symlink():
                inodes.add(str(link.readlink()))
    return {
        int(fields[1].split(":")[1], 16)
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A" and f"socket:[{fields[9]}]" in inodes
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_no_method_of_another_origins_page_is_answered(
    probe: Laptop, bucket: str, method: str, headers: dict[str, str]
) -> None:
    status, answered, body = ask(port_of(probe), method, f"/{bucket}/key", headers, b"planted")

    assert status == 403
    assert not [name for name in answered if name.startswith("access-control-")]
    assert method == "HEAD" or b"no web page of another origin" in body


def test_an_upload_form_of_another_site_leaves_nothing(probe: Laptop, bucket: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nplanted\r\n--b--\r\n'

    status, _, _ = ask(
        port_of(probe), "POST", f"/{bucket}", {"Origin": EVIL, "Content-Type": FORM}, body
    )

    assert status == 403
    assert "Contents" not in probe.client("s3").list_objects_v2(Bucket=bucket, Prefix="planted")


@pytest.mark.parametrize(
    "text",
    [
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n",
        "GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n",
    ],
)
def test_a_request_for_another_host_is_misdirected(probe: Laptop, text: str) -> None:
    port = port_of(probe)

    assert say(port, text.format(port=port).encode()) == 421


def test_two_origins_are_not_one_of_them(probe: Laptop) -> None:
    port = port_of(probe)
    text = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"

    assert say(port, f"{text}\r\n".encode()) == 200
    assert say(port, f"{text}Origin: {EVIL}\r\n\r\n".encode()) == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/moto-api/reset"),
        ("POST", "/moto-api/reset-auth"),
        ("POST", "/moto-api/state-manager/set-transition"),
        ("POST", "/moto-api/config"),
        ("POST", "/moto-api/recorder/replay-recording"),
        ("POST", "/moto-api/static/sagemaker/endpoint-results"),
        ("POST", "/moto-api/seed?a=1"),
        ("GET", "/moto-api/data.json"),
        ("GET", "/moto-api/"),
        ("GET", "/favicon.ico"),
        ("POST", "/%6doto-api/reset"),
        ("GET", "/latest/meta-data/iam/security-credentials/role"),
        ("GET", "/latest/api/token"),
    ],
)
def test_what_moto_serves_beside_aws_is_closed_to_everyone(
    probe: Laptop, bucket: str, method: str, path: str
) -> None:
    status, _, body = ask(port_of(probe), method, path, {}, b"{}")

    assert status == 404
    assert b"serves AWS's services" in body
    assert bucket in str(probe.client("s3").list_buckets())


def test_no_made_up_scope_leads_to_motos_own_api(probe: Laptop, bucket: str) -> None:
    scope = "Credential=x/20261128/x/motoapi.amazonaws.com/aws4_request, Signature=x"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}

    status, _, _ = ask(port_of(probe), "POST", "//moto-api/reset", headers)

    assert status == 404
    assert bucket in str(probe.client("s3").list_buckets())


def test_a_buckets_own_cors_rules_open_nothing(probe: Laptop, bucket: str) -> None:
    s3 = probe.client("s3")
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket=bucket, Key="open.txt", Body=b"text")
    port = port_of(probe)
    own = {"Origin": f"http://127.0.0.1:{port}"}

    for method in ("GET", "OPTIONS"):
        path = f"/{bucket}/open.txt?X-Amz-Signature=x"
        status, headers, _ = ask(port, method, path, own)

        assert status == 200
        assert not [name for name in headers if name.startswith("access-control-")]
        assert headers["content-security-policy"] == "sandbox"
        assert ask(port, method, path, {"Origin": EVIL})[0] == 403
    s3.delete_bucket_cors(Bucket=bucket)


def test_a_link_that_a_person_opens_is_answered(probe: Laptop, bucket: str) -> None:
    s3 = probe.client("s3")
    s3.put_object(Bucket=bucket, Key="open.txt", Body=b"text")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "open.txt"})
    browsers = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}

    with urllib.request.urlopen(urllib.request.Request(link, headers=browsers)) as answer:
        assert answer.read() == b"text"


def test_a_bucket_before_the_hosts_name_is_found(probe: Laptop, bucket: str) -> None:
    """As SDKs of other languages ask for an object, given http://localhost:PORT."""
    probe.client("s3").put_object(Bucket=bucket, Key="open.txt", Body=b"text")
    port = port_of(probe)

    status, _, body = ask(
        port, "GET", "/open.txt?X-Amz-Signature=x", {"Host": f"{bucket}.localhost:{port}"}
    )

    assert (status, body) == (200, b"text")


def test_every_listener_refuses_pages_and_foreign_hosts(probe: Laptop) -> None:
    invoke(probe)  # a warm worker, which polls its own Runtime API
    serve_a_model(probe)
    found = listeners(probe)
    assert len(found) >= 3  # AWS's services, the worker's API, the model

    for port in found:
        for path in ("/", "/ping", "/invocations", "/2018-06-01/runtime/invocation/next"):
            for method in ("GET", "POST"):
                cross = ask(port, method, path, {"Origin": EVIL}, b"{}")
                rebound = ask(port, method, path, {"Host": f"evil.example:{port}"}, b"{}")
                assert (cross[0], rebound[0]) == (403, 421), (port, method, path)
    invoke(probe)  # no page has taken the worker's invocation


def test_a_page_cannot_answer_for_a_worker(probe: Laptop) -> None:
    invoke(probe)
    path = f"/2018-06-01/runtime/invocation/{uuid.uuid4()}/response"

    for port in listeners(probe):
        assert ask(port, "POST", path, {"Origin": "null"}, b'"forged"')[0] == 403


def serve_a_model(laptop: Laptop) -> None:
    """The smallest endpoint."""
    s3, sagemaker = laptop.client("s3"), laptop.client("sagemaker")
    body = io.BytesIO()
    config = b"applications: [{name: model, import_path: 'ray_app:deployment'}]"
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name, content in (("config.yaml", config), ("code/serve.py", SERVE.encode())):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    bucket = laptop.outputs["ResultsBucketName"]
    s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=body.getvalue())
    arn = role(laptop, "served", "sagemaker.amazonaws.com", "*")
    container = {
        "Image": "registry.example/ray:serve-ml-sagemaker-cpu-v1",
        "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
    }
    sagemaker.create_model(ModelName="served", ExecutionRoleArn=arn, PrimaryContainer=container)
    variant: dict[str, Any] = {"VariantName": "primary", "ModelName": "served"}
    variant["ServerlessConfig"] = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="served", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="served", EndpointConfigName="served")
    deadline = time.monotonic() + 60
    while (endpoint := sagemaker.describe_endpoint(EndpointName="served"))[
        "EndpointStatus"
    ] == "Creating" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert endpoint["EndpointStatus"] == "InService", endpoint
