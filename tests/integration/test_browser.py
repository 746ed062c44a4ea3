"""What a web page can do to a running runtime, tried by a page in a real browser.

The page comes from another origin (evil.example, which the browser is told is this machine). On the
runtime as moto ships it each of these attempts succeeds; here none may.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.laptop.client import Laptop

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).with_name("pages")
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SECRET = "a patient's name"
SECONDS = 60.0
# No service of the browser's own, and no name but the attacker's: nothing leaves this machine.
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP evil.example 127.0.0.1,MAP *.evil.example 127.0.0.1,"
    "MAP * ~NOTFOUND,EXCLUDE 127.0.0.1",
)
ATTEMPTS = (
    "list buckets",
    "list keys",
    "read an object",
    "read moto's state",
    "show an image",
    "run an object as a script",
    "read under a rebound name",
    "PUT an object",
    "DELETE an object",
    "upload by fetch",
    "upload by a form",
    "overwrite an object",
    "delete by POST",
    "reset the runtime",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None,
        reason="no Chromium on PATH; test_doorkeeper.py sends what a browser would",
    ),
]


class Attacker:
    """The page's own server: serves the page and takes its report."""

    def __init__(self, look: Callable[[], dict[str, bytes]]) -> None:
        self.seen: dict[str, str] = {}
        self.changed: dict[str, bytes] = {}
        self.ended = threading.Event()
        self._look = look
        handler = type("_Bound", (_AttackersHandler,), {"attacker": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> Attacker:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, path: str, body: bytes) -> None:
        """The page's report, and once it had tried its last attempt its farewell."""
        if path == "/report":
            self.seen, self.changed = json.loads(body), self._look()
        elif path == "/end":
            self.ended.set()

    def page(self, **facts: str) -> str:
        port = self.server.server_address[1]
        told = urllib.parse.quote(json.dumps(facts))
        return f"http://evil.example:{port}/attack.html#{told}"


class _AttackersHandler(BaseHTTPRequestHandler):
    attacker: Attacker

    def do_GET(self) -> None:
        path = PAGES / self.path.lstrip("/")
        self._answer(path.read_bytes() if path.is_file() else b"", "text/html")

    def do_POST(self) -> None:
        self.attacker.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(b"", "text/plain")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A runtime of its own: a page that succeeds would leave nothing of it."""
    template = tmp_path_factory.mktemp("template") / "template.yaml"
    template.write_text(
        "Resources: {Bucket: {Type: 'AWS::S3::Bucket'}}\n"
        "Outputs: {BucketName: {Value: !Ref Bucket}}\n"
    )
    state = tmp_path_factory.mktemp("laptop")
    with Laptop.start(ROOT, state, template=template) as started:
        yield started


@pytest.fixture(scope="module")
def outcome(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Each attempt, and whether it succeeded."""
    bucket = laptop.outputs["BucketName"]
    fill(laptop, bucket)
    port = laptop.endpoint_url.rsplit(":", 1)[1]
    with Attacker(look=lambda: contents(laptop, bucket)) as attacker:
        page = attacker.page(
            runtime=laptop.endpoint_url,
            rebound=f"http://{bucket}.evil.example:{port}",  # as S3's hosts begin
            bucket=bucket,
        )
        visit(page, attacker, tmp_path_factory.mktemp("profile"))
    time.sleep(0.5)  # the last attempt's request may still be on its way
    gone = not laptop.client("s3").list_buckets()["Buckets"]
    return judged(attacker.seen, attacker.changed) | {"reset the runtime": gone}


def fill(laptop: Laptop, bucket: str) -> None:
    s3 = laptop.client("s3")
    for key in ("deleted.txt", "multi-deleted.txt", "overwritten.txt", "secret.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=SECRET.encode())
    for key, body, kind in (
        ("pixel.png", PIXEL, "image/png"),
        ("script.js", b"globalThis.stolen = 'stolen';", "text/javascript"),
        ("rebound.html", (PAGES / "rebound.html").read_bytes(), "text/html"),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)


def visit(page: str, attacker: Attacker, profile: Path) -> None:
    """Open the page, until it has tried everything."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [str(BROWSER), *FLAGS, *root, f"--user-data-dir={profile}", page]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            assert attacker.ended.wait(SECONDS), f"the page saw {attacker.seen} and did not end"
        finally:
            browser.terminate()


def contents(laptop: Laptop, bucket: str) -> dict[str, bytes]:
    s3 = laptop.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found
    }


def judged(seen: dict[str, str], changed: dict[str, bytes]) -> dict[str, bool]:
    return {
        "list buckets": "<Bucket>" in seen["list buckets"],
        "list keys": "secret.txt" in seen["list keys"],
        "read an object": SECRET in seen["read an object"],
        "read moto's state": bool(seen["read moto's state"]),
        "show an image": seen["show an image"] == "1",
        "run an object as a script": seen["run an object as a script"] == "stolen",
        "read under a rebound name": "Functions" in seen["read under a rebound name"],
        "PUT an object": "put.txt" in changed,
        "DELETE an object": "deleted.txt" not in changed,
        "upload by fetch": "posted.txt" in changed,
        "upload by a form": "submitted.txt" in changed,
        "overwrite an object": changed.get("overwritten.txt") != SECRET.encode(),
        "delete by POST": "multi-deleted.txt" not in changed,
    }


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_page_of_another_origin_achieves_nothing(attempt: str, outcome: dict[str, bool]) -> None:
    assert not outcome[attempt], f"the page could {attempt}"


def test_the_runtime_still_serves_its_user(outcome: dict[str, bool], laptop: Laptop) -> None:
    assert set(outcome) == set(ATTEMPTS)
    assert laptop.healthy()
    assert laptop.outputs["BucketName"] in str(laptop.client("s3").list_buckets())
