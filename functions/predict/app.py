"""Inbox objects, by way of SQS → a prediction, a mask and an overlay of an image, the scores of a
table, or a rejection."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import keys, settings
from sonoflow.aws import uploads
from sonoflow.inference import deliveries, inbox, outcomes

logger = Logger()
metrics = Metrics()
# A batch that fails as a whole is reported message by message too: raising instead would only
# hide which ones they were.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

METRIC = {
    outcomes.PREDICTED: "Predictions",
    outcomes.REJECTED: "Rejections",
    outcomes.SKIPPED: "Skipped",
}


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(
        event=event, record_handler=handle_record, processor=processor, context=context
    )


def handle_record(record: SQSRecord) -> None:
    """One message. What escapes makes SQS deliver it again, in the end to the dead letters."""
    event: dict[str, Any] = {}
    try:
        event = record.json_body
        logger.set_correlation_id(event.get("id"))
        upload = uploads.from_event(event)
        buckets = settings.read(settings.Buckets)
        outcome = inbox.handle(upload, buckets, settings.read(settings.Predicting))
    except Exception as error:
        if put_off(record, event, error):
            return
        raise
    metrics.add_metric(METRIC[outcome.kind], MetricUnit.Count, 1)
    if outcome.rows or outcome.bad_rows:
        metrics.add_metric("RowsScored", MetricUnit.Count, outcome.rows)
        metrics.add_metric("RowsRejected", MetricUnit.Count, outcome.bad_rows)
    # Not the key: it may hold a patient's data.
    facts = {"outcome": outcome.kind, "object": keys.image_id(upload.key)}
    logger.info("object handled", extra=facts)


def put_off(record: SQSRecord, event: dict[str, Any], error: Exception) -> bool:
    """Whether the message is done with, being on its way anew or with the dead letters; if not, it
    comes again because it failed."""
    facts: dict[str, Any] = {"message_id": record.message_id}
    waited = deliveries.wait_for_model(record, event, error)
    if waited is not None:
        metrics.add_metric("WaitingForModel", MetricUnit.Count, 1)
        metrics.add_metric("SecondsWaited", MetricUnit.Seconds, waited)
        logger.info("no model yet", extra={**facts, "seconds_waited": round(waited)})
        return True
    metrics.add_metric("PredictionFailures", MetricUnit.Count, 1)
    retrying = settings.read(settings.Retrying)
    if deliveries.give_up(record, error, retrying):
        metrics.add_metric("DeadLetters", MetricUnit.Count, 1)
        logger.exception("message given up", extra=facts)
        return True
    facts["again_in_seconds"] = deliveries.try_again(record, retrying.inbox_retry_seconds)
    logger.exception("message not handled", extra=facts)
    return False
