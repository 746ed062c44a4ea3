"""What the roles of external validation may do, call by call: no demo drops such a set."""

from __future__ import annotations

from typing import Any

from local.iam import needs
from local.iam.need import Need
from local.iam.operations import Call

HERE = "us-east-1:123456789012"
MACHINE = "sonoflow-validate-external"
EXECUTION = f"arn:aws:states:{HERE}:execution:{MACHINE}"
TOPIC, KEY = f"arn:aws:sns:{HERE}:notificationstopic", f"arn:aws:kms:{HERE}:key/notificationskey"
DEAD_LETTERS = "https://sqs.us-east-1.amazonaws.com/123456789012/uploadsdeadletterqueue"
STAGED, JUDGED = "datasets/other/0a1b2c3d4e5f", "external/other/0a1b2c3d4e5f/00c0ffee"
ENDPOINTS = ("sonoflow-classifier", "sonoflow-segmenter")
ENCRYPTS = [Need(f"kms:{action}", KEY) for action in ("GenerateDataKey", "Decrypt")]


def sent(service: str, operation: str, **parameters: Any) -> list[Need]:
    return needs.of(Call(service, operation, parameters, "json"))


def objects(operation: str, bucket: str, *keys: str) -> list[Need]:
    return [need for key in keys for need in sent("s3", operation, Bucket=bucket, Key=key)]


def lists(*buckets: str) -> list[Need]:
    return [Need("s3:ListBucket", f"arn:aws:s3:::{bucket}") for bucket in buckets]


PLAN: dict[str, list[Need]] = {
    "1": sent("sqs", "SendMessage", QueueUrl=DEAD_LETTERS, MessageBody="event"),
    "ReadUploads": objects(
        "GetObject", "uploadsbucket", "external/other.zip", "datasets/other.mapping.json"
    ),
    "FindDatasetAndTellMissing": lists("uploadsbucket", "workbucket"),
    "SeeWhichModelsServe": [
        need
        for name in ENDPOINTS
        for need in sent("sagemaker", "DescribeEndpoint", EndpointName=name)
    ],
    "ReadEvaluations": [
        *objects("GetObject", "workbucket", "training/sonoflow-classifier-1/evaluation.json"),
        *objects("HeadObject", "workbucket", f"{STAGED}/index.jsonl"),
    ],
    "WritePlan": objects("PutObject", "workbucket", f"{STAGED}/plan.json", "refused/external/a"),
    "StartValidation": [
        Need("states:StartExecution", f"arn:aws:x:{HERE}:ValidateExternalStateMachine")
    ],
    "LookAtEarlierRun": sent("states", "DescribeExecution", executionArn=f"{EXECUTION}:run"),
    "NotifyRefusal": sent("sns", "Publish", TopicArn=TOPIC, Message="no"),
    "EncryptNotification": ENCRYPTS,
}
CHECK: dict[str, list[Need]] = {
    "ReadStaged": objects(
        "GetObject", "workbucket", f"{STAGED}/parts/00000.json", "datasets/busi/0/index.jsonl"
    ),
    "ListParts": lists("workbucket"),
    "WriteIndex": objects(
        *("PutObject", "workbucket", f"{JUDGED}/index.jsonl", f"{STAGED}/quarantine.jsonl"),
        "refused/external/other.zip.json",
    ),
}
ANSWER: dict[str, list[Need]] = {
    "ReadImagesAndMasks": objects(
        *("GetObject", "workbucket", f"{STAGED}/images/benign/0.png"),
        f"{STAGED}/masks/benign/0.png",
    ),
    "KeepAnswers": [
        *objects("GetObject", "workbucket", f"{JUDGED}/answers/00000.json"),
        *objects("PutObject", "workbucket", f"{JUDGED}/masks/0.png"),
    ],
    "TellMissingFromForbidden": lists("workbucket"),
    "InvokeEndpoints": [
        Need("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:{HERE}:endpoint/{name}")
        for name in ENDPOINTS
    ],
}
JUDGE: dict[str, list[Need]] = {
    "ReadAnswersAndEvaluations": objects(
        *("GetObject", "workbucket", f"{JUDGED}/answers/00000.json"),
        *("training/sonoflow-classifier-1/evaluation.json", f"{STAGED}/images/benign/0.png"),
        "validations/other/0a1b2c3d4e5f/00c0ffee.json",
    ),
    "RenewMatrix": [
        need
        for operation in ("HeadObject", "PutObject")
        for need in objects(operation, "resultsbucket", "reports/external/matrix.json")
    ],
    "TellMissingFromForbidden": lists("workbucket", "resultsbucket"),
    "WriteReport": [
        *objects("PutObject", "workbucket", f"{STAGED}/external.json"),
        *objects("PutObject", "workbucket", "validations/other/0a1b2c3d4e5f/00c0ffee.json"),
        *objects("PutObject", "resultsbucket", "reports/other/0a1b2c3d4e5f/external.html"),
    ],
}
MACHINE_CALLS: dict[str, list[Need]] = {
    "InvokeFunctions": [
        Need("lambda:InvokeFunction", f"arn:aws:x:{HERE}:{name}Function")
        for name in ("StageImages", "CheckExternal", "AnswerExternal", "JudgeExternal")
    ],
    "ReadPlans": objects(
        "GetObject", "workbucket", f"{STAGED}/plan.json", f"{JUDGED}/batches.json"
    ),
    "StartBatches": sent(
        "states", "StartExecution", stateMachineArn=f"arn:aws:states:{HERE}:stateMachine:{MACHINE}"
    ),
    "FollowBatches": [
        need
        for execution in (f"{EXECUTION}:run", f"{EXECUTION}/AnswerExternal:batch")
        for need in sent("states", "DescribeExecution", executionArn=execution)
    ],
    "FindMapRun": sent("states", "ListMapRuns", executionArn=f"{EXECUTION}:run"),
    "FindFailedBatch": sent(
        "states",
        "ListExecutions",
        mapRunArn=f"arn:aws:states:{HERE}:mapRun:{MACHINE}/AnswerExternal:run",
    ),
    "ReadFailedBatch": sent(
        "states", "GetExecutionHistory", executionArn=f"{EXECUTION}/StageImages:batch"
    ),
    "Notify": sent("sns", "Publish", TopicArn=TOPIC, Message="judged"),
    "EncryptNotification": ENCRYPTS,
}
CALLS: dict[str, list[Need]] = {
    f"{role}Role/{name}": needed
    for role, calls in (
        ("PlanExternalFunction", PLAN),
        ("CheckExternalFunction", CHECK),
        ("AnswerExternalFunction", ANSWER),
        ("JudgeExternalFunction", JUDGE),
        ("ValidateExternalStateMachine", MACHINE_CALLS),
    )
    for name, needed in calls.items()
}
