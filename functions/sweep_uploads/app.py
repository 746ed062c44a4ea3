"""Uploads that nothing has come of → their events, sent again: by the hour, or as a person asks."""

from __future__ import annotations

import dataclasses
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.errors import PayloadInvalid
from sonoflow.sweeping.sweep import Order, Sweep, Where

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    sweeping = settings.read(settings.Sweeping)
    buckets = settings.read(settings.Buckets)
    order = _order(event, sweeping.sweep_grace_minutes * 60)
    result = Sweep(buckets, sweeping, _where(context.invoked_function_arn), order).run()
    if not order.dry_run:
        metrics.add_metric("UploadsUnanswered", MetricUnit.Count, len(result.unanswered))
        metrics.add_metric("UploadsSentAgain", MetricUnit.Count, result.sent)
        metrics.add_metric("UploadsHeldBack", MetricUnit.Count, result.held_back)
    answer = dataclasses.asdict(result)
    # Not the keys: they may hold a patient's data.
    facts = {name: answer[name] for name in ("seen", "sent", "held_back")}
    logger.info("uploads swept", extra={**facts, "unanswered": len(result.unanswered)})
    # A schedule reads no answer, and a person asked for the keys.
    return answer if order.by_hand else facts


def _order(event: dict[str, Any], grace_seconds: float) -> Order:
    """Of a schedule's event, or of a person's own, each member of which may be left out:
    `{"sweep": {"dry_run": true, "minutes": 15, "after": "inbox/…"}}`. Raises PayloadInvalid."""
    if event.get("detail-type") == "Scheduled Event":
        return Order(grace_seconds)
    asked = payloads.field(event, "sweep", dict)
    unknown = sorted(asked.keys() - {"dry_run", "minutes", "after"})
    if unknown:
        raise PayloadInvalid(f"'sweep' knows no {', '.join(unknown)}")
    minutes, dry_run = asked.get("minutes", grace_seconds / 60), asked.get("dry_run", False)
    after = asked.get("after")
    if type(minutes) not in (int, float) or not minutes >= 0:
        raise PayloadInvalid(f"'sweep.minutes' is no number of minutes: {minutes!r}")
    if type(dry_run) is not bool or not (after is None or isinstance(after, str)):
        raise PayloadInvalid("'sweep.dry_run' must be true or false, 'sweep.after' a key")
    return Order(minutes * 60, by_hand=True, dry_run=dry_run, after=after)


def _where(function_arn: str) -> Where:
    _, partition, _, region, account, *_ = function_arn.split(":")
    return Where(partition, account, region)
