"""A WSGI request as IAM reads it: who has signed it for which service, and what of it matters."""

from __future__ import annotations

import dataclasses
import io
import re
import zlib
from typing import Any
from urllib.parse import parse_qs

from werkzeug.formparser import parse_form_data

from local.iam.operations import Call, Request, UnknownOperation
from local.runtime.doorkeeper import Environ

# KEY/20261130/us-east-1/s3/aws4_request; a signature for all regions names none
_SCOPE = re.compile(r"([^/,\s]+)/[^/,\s]+/(?:([^/,\s]+)/)?([^/,\s]+)/[^/,\s]+")
_SIGNED_LONG_AGO = re.compile(r"AWS ([^:\s]+):")  # signature version 2, which S3 alone still takes
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LARGEST = 96 << 20  # of bodies whose meaning counts: a function's package, in base64


@dataclasses.dataclass(frozen=True)
class Signed:
    """What a signature says of its request."""

    access_key: str = ""  # unsigned: the user's, from a browser or a shell
    service: str = "s3"  # as moto takes what is not signed
    region: str = ""


class Unreadable(Exception):
    """A request that no client of AWS sends, or not like that."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def signer(environ: Environ) -> Signed:
    """Raises Unreadable for a signature of which nobody can tell whose it is."""
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    if header:
        return _of_header(header)
    query = parse_qs(str(environ.get("QUERY_STRING", "")))
    for name in ("X-Amz-Credential", "AWSAccessKeyId"):
        if name in query:
            return _of_credential(query[name][0])
    fields = _fields(environ)
    return _of_credential(fields[0]) if fields else Signed()


def _of_header(header: str) -> Signed:
    old = _SIGNED_LONG_AGO.match(header)
    if old is not None:
        return Signed(old[1])
    _, _, credential = header.partition("Credential=")
    if not credential:
        raise Unreadable(400, "AuthorizationHeaderMalformed", "The authorization is malformed.")
    return _of_credential(credential)


def _of_credential(credential: str) -> Signed:
    found = _SCOPE.match(credential)
    if found is not None:
        return Signed(found[1], found[3], found[2] or "")
    if "/" in credential:
        message = "Error parsing the Credential parameter."
        raise Unreadable(400, "AuthorizationQueryParametersError", message)
    return Signed(credential)


def _fields(environ: Environ) -> list[str]:
    """The credential among a form's fields."""
    found = _form(environ)
    return [found[name] for name in ("x-amz-credential", "awsaccesskeyid") if name in found]


def form(environ: Environ, service: str) -> Call | None:
    """An upload by a form, which no model has:
    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html"""
    if service != "s3":
        return None
    fields = _form(environ)
    bucket = request(environ, service).path.strip("/")
    if "key" not in fields or "/" in bucket:
        return None
    return Call(service, "PutObject", {"Bucket": bucket, "Key": fields["key"]}, "rest-xml")


def _form(environ: Environ) -> dict[str, str]:
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0]
    if environ["REQUEST_METHOD"] != "POST" or kind not in _FORMS:
        return {}
    content = environ["wsgi.input"].read(_length(environ))
    _, fields, _ = parse_form_data({**environ, "wsgi.input": io.BytesIO(content)})
    environ["wsgi.input"] = io.BytesIO(content)
    names = {name.lower(): str(value) for name, value in fields.items()}
    return names


def request(environ: Environ, service: str) -> Request:
    """Raises Unreadable, and UnknownOperation for a host that is read in two ways."""
    path = str(environ["REQUEST_URI"]).partition("?")[0]
    host = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
    if service == "s3" and host.endswith(".localhost"):
        bucket = host.removesuffix(".localhost").removesuffix(".s3")
        if "." in bucket or bucket.startswith("www"):
            raise UnknownOperation(f"which bucket {host} means is not sure")
        path = f"/{bucket}{path}"
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = str(environ["CONTENT_TYPE"])
    meant = service != "s3" and not path.endswith("/invocations")
    method, query = str(environ["REQUEST_METHOD"]), str(environ.get("QUERY_STRING", ""))
    return Request(method, path, query, headers, body(environ) if meant else b"")


def body(environ: Environ) -> bytes:
    """Read, and put back for whoever comes next; unpacked if it is packed. Raises Unreadable."""
    if "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower():
        message = "You must provide the Content-Length HTTP header."
        raise Unreadable(411, "MissingContentLength", message)
    length = _length(environ)
    if length > _LARGEST:
        raise Unreadable(
            413, "RequestEntityTooLarge", f"Request must be smaller than {_LARGEST} bytes"
        )
    content: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(content)
    if "gzip" not in str(environ.get("HTTP_CONTENT_ENCODING", "")).lower():
        return content
    return _unpacked(content)


def _unpacked(content: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacking.decompress(content, _LARGEST)
    except zlib.error as error:
        raise Unreadable(400, "SerializationException", str(error)) from error
    if unpacking.unconsumed_tail:
        message = f"Request must be smaller than {_LARGEST} bytes"
        raise Unreadable(413, "RequestEntityTooLarge", message)
    return unpacked


def drain(environ: Environ) -> None:
    """A client that is answered before it has sent everything may see a broken connection."""
    left, stream = _length(environ), environ["wsgi.input"]
    while left > 0 and (chunk := stream.read(min(left, 1 << 20))):
        left -= len(chunk)


def _length(environ: Environ) -> int:
    text: Any = environ.get("CONTENT_LENGTH") or "0"
    if not str(text).isdecimal():
        raise Unreadable(400, "InvalidRequest", f"Content-Length is {text!r}")
    return int(text)
