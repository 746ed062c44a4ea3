"""What a smoke test has cost, about: the hours of its instances, by AWS's list price."""

from __future__ import annotations

import dataclasses
import datetime

from operations.account import Account
from operations.names import Names

# Dollars an hour of ml.m5.large in us-east-1, training and hosting alike, as listed in 2025 at
# https://aws.amazon.com/sagemaker/ai/pricing/. An assumption: nobody asks for today's price.
DOLLARS_PER_HOUR = 0.115


@dataclasses.dataclass(frozen=True)
class Hours:
    """Instance hours that SageMaker counts."""

    training: float
    hosting: float

    def sentence(self) -> str:
        dollars = (self.training + self.hosting) * DOLLARS_PER_HOUR
        return (
            f"instances: {self.training:.2f} h of training, {self.hosting:.2f} h of hosting; about"
            f" ${dollars:.2f} at ${DOLLARS_PER_HOUR} an hour, us-east-1's list price of 2025 for"
            " ml.m5.large. Functions, S3 and the rest add some cents, which are not counted."
        )


def of(account: Account, names: Names, now: datetime.datetime | None = None) -> Hours:
    """Of what there is now: to be asked before it is removed."""
    now = now or datetime.datetime.now(datetime.UTC)
    sagemaker = account.client("sagemaker")
    training = 0.0
    for job in account.each(
        "sagemaker", "list_training_jobs", "TrainingJobSummaries", NameContains=names.stack
    ):
        if names.is_training_job(job["TrainingJobName"]):
            described = sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
            training += described.get("BillableTimeInSeconds", 0) / 3600
    hosting = sum(
        (now - endpoint["CreationTime"]).total_seconds() / 3600
        for endpoint in account.each(
            "sagemaker", "list_endpoints", "Endpoints", NameContains=names.stack
        )
        if endpoint["EndpointName"] in names.endpoints
    )
    return Hours(training, hosting)
