"""Rules that a clock fires: `rate(1 hour)`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, events_backends

from local.runtime.patch import pristine, replace
from local.runtime.runtime import Runtime

_POLL_SECONDS = 0.5
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"rate\((?:1 (minute|hour|day)|([1-9][0-9]*) (minute|hour|day)s)\)")

# rule ARN, target, event
Submit = Callable[[str, dict[str, Any], dict[str, Any]], None]


def install(runtime: Runtime, submit: Submit) -> None:
    """moto keeps an expression, whatever it is, and nothing ever happens by it."""
    put_rule = pristine(EventsBackend, "put_rule")

    def checked_rule(self: Any, name: str, **settings: Any) -> Any:
        expression = settings.get("scheduled_expression")
        if expression:
            seconds(name, expression)
        return put_rule(self, name, **settings)

    replace(EventsBackend, "put_rule", lambda _: checked_rule)
    _Clock(runtime, submit).start()


def seconds(rule: str, expression: str) -> float:
    """Between two events of a rule. Raises ValidationException for what no clock here knows, which
    includes what AWS refuses: `rate(1 hours)`, `rate(2 hour)`."""
    match = _RATE.fullmatch(expression)
    if match is None or match[2] == "1":
        raise ValidationException(
            f"Rule {rule}: the laptop runtime knows no ScheduleExpression but rate(value unit), "
            f"as rate(1 hour) or rate(30 minutes): {expression}"
        )
    return int(match[2] or 1) * _UNITS[match[1] or match[3]]


class _Clock(threading.Thread):
    """Fires the rules of this runtime's account, each for the first time when its own time has
    passed since it was seen, or was changed or enabled."""

    def __init__(self, runtime: Runtime, submit: Submit) -> None:
        super().__init__(name="eventbridge-schedules", daemon=True)
        self._runtime, self._submit = runtime, submit
        self._due: dict[tuple[str, str], float] = {}  # rule ARN and expression: when

    def run(self) -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            self.fire(time.monotonic())

    def fire(self, now: float) -> None:
        """Whatever is due by then. What was late is not made up for."""
        backend = events_backends[self._runtime.account][self._runtime.region]
        enabled = {
            (rule.arn, rule.scheduled_expression): rule
            for rule in list(backend.event_buses["default"].rules.values())
            if rule.scheduled_expression and rule.state == "ENABLED"
        }
        for gone in self._due.keys() - enabled.keys():
            del self._due[gone]
        for known, rule in enabled.items():
            period = seconds(rule.name, rule.scheduled_expression)
            due = self._due.setdefault(known, now + period)
            if due <= now:
                self._due[known] = now + period
                for target in list(rule.targets):
                    self._submit(rule.arn, dict(target), self._event(rule.arn))

    def _event(self, rule_arn: str) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._runtime.account,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "region": self._runtime.region,
            "resources": [rule_arn],
            "detail": {},
        }
