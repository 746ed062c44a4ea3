"""The errors that Sonoflow raises on purpose.

    SonoflowError
    ├── ConfigurationError       an environment variable is missing or makes no sense
    ├── PayloadInvalid           an event or a state's input lacks what the function needs
    ├── DocumentInvalid          JSON that somebody uploaded cannot be used
    ├── DatasetRefused           an upload cannot become a data set
    ├── ContentAltered           an object holds other bytes than its name says
    │   ├── CodeAltered              an archive of the model code
    │   └── WeightsAltered           weights that networks start from
    ├── SplitLeak                images that belong together ended in different splits
    ├── ImageRejected            a single image, or a mask of it, cannot be used
    ├── BulkRejected             a zip or a manifest in the inbox cannot be answered at all
    ├── RecordInvalid            a record of recordIO-protobuf is malformed
    ├── TableRejected            a table in the inbox cannot be scored at all
    ├── FeedbackRejected         a verdict on an answer cannot be used
    ├── EvaluationUnreadable     a training job left no usable evaluation
    ├── EndpointResponseInvalid  an endpoint answered, but not as agreed
    ├── EventRefused             EventBridge did not take the event that tells of an answer
    ├── AnswerLost               an inbox answer was removed while it was being written
    ├── ApprovalEarly            a model is decided on before its release waits for that
    ├── ModelWorse               a new model is worse than the one that was in service
    ├── EndpointChanged          an endpoint takes, or took, another model during the work
    └── ProbeFailed              an endpoint that was just deployed does not do its work

The class names are what state machines name in `ErrorEquals`. Errors of AWS services are not
wrapped: they escape, so that the caller's retry rules see them as they are.
"""

from __future__ import annotations

DETAIL_LIMIT = 4000  # characters


class SonoflowError(Exception):
    """Base of all errors that the product raises itself."""


class ConfigurationError(SonoflowError):
    pass


class PayloadInvalid(SonoflowError):
    pass


class DocumentInvalid(SonoflowError):
    pass


class _Reasoned(SonoflowError):
    """An error with a code for machines (`reason`, kebab-case) and a sentence for people.

    A sentence may quote what was uploaded, which may be of any length and hold what no encoding
    has; it goes to S3, to a message and to a state's cause, whose limits are 256 KB and 32 KB.
    """

    def __init__(self, reason: str, detail: str) -> None:
        detail = detail.encode("utf-8", "backslashreplace").decode()
        if len(detail) > DETAIL_LIMIT:
            detail = detail[: DETAIL_LIMIT - 1] + "…"
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class DatasetRefused(_Reasoned):
    pass


class ContentAltered(SonoflowError):
    """Someone has written over an object that is named by its content: it may be anything."""


class CodeAltered(ContentAltered):
    pass


class WeightsAltered(ContentAltered):
    pass


class SplitLeak(SonoflowError):
    """A fault of Sonoflow's own, not of the data: nothing may be trained on such a split."""


class ImageRejected(_Reasoned):
    pass


class BulkRejected(_Reasoned):
    pass


class RecordInvalid(SonoflowError):
    pass


class TableRejected(_Reasoned):
    pass


class FeedbackRejected(_Reasoned):
    pass


class EvaluationUnreadable(SonoflowError):
    pass


class EndpointResponseInvalid(SonoflowError):
    pass


class EndpointChanged(SonoflowError):
    """For a while only: the same work succeeds when it is tried again."""


class AnswerLost(SonoflowError):
    """For a while only: the same work succeeds when it is tried again."""


class EventRefused(SonoflowError):
    """For a while only: the answer is there, and is told of when the message comes again."""


class ApprovalEarly(SonoflowError):
    """For a while only: the release waits when the event comes again."""


class ModelWorse(SonoflowError):
    pass


class ProbeFailed(SonoflowError):
    pass
