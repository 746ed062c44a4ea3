from __future__ import annotations

import pytest

from local.runtime.doorkeeper import refusal

PORT = 4566
OWN = f"127.0.0.1:{PORT}"


def status(target: str = "/", /, **headers: str | None) -> int | None:
    """What a request is refused with, by headers in Python's spelling; None: it is answered."""
    given = {"host": OWN, **{name.replace("_", "-"): value for name, value in headers.items()}}
    refused = refusal(PORT, target, given.get)
    return None if refused is None else refused.status.value


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "localhost:4566",
        "LocalHost:4566",
        "[::1]:4566",
        "uploads.localhost:4566",  # a bucket's name before the host's, as SDKs put it
        "my.own_bucket-1.localhost:4566",
        "123456789012.localhost:4566",
    ],
)
def test_the_runtimes_own_names_are_answered(host: str) -> None:
    assert status(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example:4566",
        "evil-localhost:4566",
        "127.0.0.1.evil.example:4566",
        "evil.example@127.0.0.1:4566",
        "uploads.127.0.0.1:4566",
        "169.254.169.254",
        "0.0.0.0:4566",
        "127.1:4566",
        "2130706433:4566",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:4567",
        "127.0.0.1:04566x",
        "127.0.0.1:４５６６",
        "127.0.0.1:4566,evil.example",
        "127.0.0.1:4566,127.0.0.1:4566",
        ".localhost:4566",
        "localhost.:4566",
        "::1:4566",
        "127.0.0.1:4566\n",
    ],
)
def test_any_other_host_is_misdirected(host: str | None) -> None:
    assert status(host=host) == 421


@pytest.mark.parametrize("target", ["http://evil.example/", f"http://{OWN}/", "evil:80", "*", ""])
def test_a_target_that_is_no_path_is_misdirected_whatever_the_host_says(target: str) -> None:
    assert status(target) == 421


def test_a_host_without_a_port_means_the_port_of_http() -> None:
    assert refusal(80, "/", {"host": "localhost"}.get) is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:8888",  # another server of this machine, a notebook's say
        "https://127.0.0.1:4566",
        "http://localhost:4566",
        "http://127.0.0.1:4566.evil.example",
        "http://127.0.0.1:4566,http://evil.example",
        "chrome-extension://abcdefgh",
        "file://",
    ],
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    assert status(origin=origin) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "none,cross-site", "anything"])
def test_a_browser_that_names_no_origin_but_another_site_is_refused(site: str) -> None:
    assert status(sec_fetch_site=site) == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_person_who_opens_an_address_is_answered(site: str) -> None:
    assert status("/results/report.html?X-Amz-Signature=x", sec_fetch_site=site) is None
    assert status(origin=f"http://{OWN}", sec_fetch_site=site) is None


def test_the_sentence_names_what_was_asked_for() -> None:
    refused = refusal(PORT, "/", {"host": "evil.example"}.get)

    assert refused is not None
    assert "127.0.0.1:4566" in refused.sentence
    assert "'evil.example'" in refused.sentence
