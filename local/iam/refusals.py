"""AWS's AccessDenied, in the shape of each protocol and under the name that the service uses."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from local.iam.operations import Call

# Others answer AccessDeniedException. From the services' lists of common errors.
_CODES = {
    "s3": "AccessDenied",
    "sqs": "AccessDenied",
    "sns": "AuthorizationError",
    "iam": "AccessDenied",
    "sts": "AccessDenied",
    "cloudformation": "AccessDenied",
    "monitoring": "AccessDenied",
}
# JSON errors come with 400, but for those whose models say otherwise.
_FORBIDDEN = ("lambda", "s3", "sns", "iam", "sts", "cloudformation", "sqs")

# What a service says of a role that it cannot take on, as found in its users' reports.
_UNTRUSTED = {
    "lambda": (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    "states": (
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is "
        "authorized to assume the provided role.",
    ),
    "sagemaker": (
        "ValidationException",
        "Could not assume role {role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role.",
    ),
    "events": (
        "ValidationException",
        "Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.",
    ),
}

Answer = tuple[str, list[tuple[str, str]], bytes]  # status line, headers, body


def denied(call: Call, message: str) -> Answer:
    """The answer to a call that is not allowed."""
    status = 403 if call.service in _FORBIDDEN else 400
    return answer(call, _CODES.get(call.service, "AccessDeniedException"), message, status)


def untrusted(call: Call, role: str) -> Answer:
    """The answer to a call that hands a service a role which does not trust it."""
    code, message = _UNTRUSTED[call.service]
    return answer(call, code, message.format(role=role), 400)


def unsure(call: Call, message: str) -> Answer:
    """The answer where the laptop cannot tell what AWS would decide."""
    return answer(call, "InternalFailure", f"The laptop's IAM cannot decide: {message}", 501)


def answer(call: Call, code: str, message: str, status: int) -> Answer:
    """An error in the shape of the call's protocol."""
    request = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request)]
    line = f"{status} {code}"
    if call.protocol == "rest-xml":
        text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>{request}"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}</RequestId></Error>'.encode()
        headers.append(("Content-Type", "application/xml"))
    elif call.protocol == "query":
        text = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
        body = (
            f"<ErrorResponse><Error>{text}</Error><RequestId>{request}</RequestId></ErrorResponse>"
        ).encode()
        headers.append(("Content-Type", "text/xml"))
    else:
        body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
        headers += [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
        if call.service == "sqs":  # as clients know it from the time before JSON
            headers.append(("x-amzn-query-error", f"{code};Sender"))
    return line, [*headers, ("Content-Length", str(len(body)))], body
