"""Every statement of every role is there for something: a run of the demo, a call below, or a word.

The demo's own are held by tests/e2e/test_main_job.py. Here are the calls that it has no occasion
for, each allowed by the template's roles and refused without the statement.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.permissions import is_allowed
from local.iam import needs
from local.iam.need import Need
from local.iam.operations import Call
from local.iam.statements import Statement, read
from sonoflow.inference.announcements import SOURCE
from tests.contracts import external_calls, resolved

Document = dict[str, Any]
HERE = "us-east-1:123456789012"
TRAINING = f"arn:aws:states:{HERE}:execution:sonoflow-train-images"
ANSWERING = f"arn:aws:states:{HERE}:execution:sonoflow-answer-bulk"
RELEASE = f"arn:aws:states:{HERE}:execution:sonoflow-release-model"
TOPIC, KEY = f"arn:aws:sns:{HERE}:notificationstopic", f"arn:aws:kms:{HERE}:key/notificationskey"
THROUGH_S3 = {
    "kms:ViaService": ["s3.us-east-1.amazonaws.com"],
    "kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::uploadsbucket/datasets/scans.zip"],
}
READS_UPLOADS = (
    *("PlanDataset", "StageImages", "StageTable", "Predict", "PredictTable", "RecordFeedback"),
    "PlanExternal",
    *("PlanBulk", "AnswerMembers"),
)
PREDICTS = {"Predict": "", "PredictTable": "table"}  # and what its queues' names begin with
# Of Lambda's code, which AWS's managed policy lets make network interfaces.
CODE = (
    *("JudgeModel", "PackageModelCode", "PlanDataset", "PlanRelease", "Predict", "ProbeEndpoint"),
    *("CompareModels", "SettleApproval"),
    *("PredictTable", "PublishReport", "SplitDataset", "StageImages", "StageTable", "SweepUploads"),
    *("CollectFeedback", "RecordFeedback", "PlanBulk", "AnswerMembers", "SummariseBulk"),
    *("PlanExternal", "CheckExternal", "AnswerExternal", "JudgeExternal"),
)


def sent(service: str, operation: str, **parameters: Any) -> list[Need]:
    return needs.of(Call(service, operation, parameters, "json"))


def queue(name: str) -> str:
    return f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}"


# No demo lasts until a sweep.
SWEEP: dict[str, list[Need]] = {
    "1": sent("sqs", "SendMessage", QueueUrl=queue("uploadsdeadletterqueue"), MessageBody="event"),
    "ListUploads": [Need("s3:ListBucketVersions", "arn:aws:s3:::uploadsbucket")],
    "LookAtUploads": [
        need
        for prefix in ("datasets", "external", "inbox")
        for need in sent("s3", "HeadObject", Bucket="uploadsbucket", Key=f"{prefix}/a.csv")
    ],
    "TellMissingFromForbidden": [
        Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        for bucket in ("uploadsbucket", "workbucket", "resultsbucket")
    ],
    "LookAtAnswers": [
        need
        for bucket, prefix in (
            *(("resultsbucket", name) for name in ("predictions", "masks", "overlays")),
            *(
                ("resultsbucket", "rejected"),
                ("resultsbucket", "scores"),
                ("resultsbucket", "bulk"),
                ("workbucket", "refused"),
            ),
        )
        for need in sent("s3", "HeadObject", Bucket=bucket, Key=f"{prefix}/a.json")
    ],
    "RememberSweep": [
        need
        for operation in ("GetObject", "PutObject")
        for need in sent("s3", operation, Bucket="workbucket", Key="sweeps/state.json")
    ],
    "ListRuns": [
        Need("states:ListExecutions", f"arn:aws:x:{HERE}:{machine}StateMachine")
        for machine in ("TrainImages", "TrainTable", "ValidateExternal")
    ],
    "LookAtRuns": [
        Need("states:DescribeExecution", f"arn:aws:states:{HERE}:execution:sonoflow-{machine}:run")
        for machine in ("train-images", "train-table", "validate-external")
    ],
    "DeliverToInbox": [
        need
        for name in ("inboxqueue", "tableinboxqueue")
        for need in (
            *sent("sqs", "GetQueueAttributes", QueueUrl=queue(name), AttributeNames=["All"]),
            *sent("sqs", "SendMessage", QueueUrl=queue(name), MessageBody="event"),
        )
    ],
    "DeliverToPlanners": [
        Need("lambda:InvokeFunction", f"arn:aws:x:{HERE}:{name}Function")
        for name in ("PlanDataset", "PlanExternal", "PlanBulk")
    ],
}
# No zip and no manifest is in the demo; tests/e2e/test_bulk.py has some.
READ_INBOX = [
    *sent("s3", "GetObject", Bucket="uploadsbucket", Key="inbox/a.zip"),
    *sent("s3", "GetObject", Bucket="uploadsbucket", Key="inbox/a.zip", VersionId="1"),
]
TELL = [
    Need(
        "events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default", {"events:source": [SOURCE]}
    )
]


def once(prefix: str) -> list[Need]:
    """What an object of an answer is written, looked at, removed and taken back with."""
    place = {"Bucket": "resultsbucket", "Key": f"{prefix}/a.png.json"}
    return [
        *sent("s3", "HeadObject", **place),
        *sent("s3", "PutObject", **place),
        *sent("s3", "DeleteObject", **place),
        *sent("s3", "DeleteObject", **place, VersionId="1"),
    ]


def removed(prefix: str) -> list[Need]:
    place = {"Bucket": "resultsbucket", "Key": f"{prefix}/a.zip.json"}
    return [*sent("s3", "HeadObject", **place), *sent("s3", "DeleteObject", **place)]


def missing(*buckets: str) -> list[Need]:
    return [Need("s3:ListBucket", f"arn:aws:s3:::{bucket}") for bucket in buckets]


INDEX = [
    *sent("s3", "HeadObject", Bucket="resultsbucket", Key="index/dt=2026-12-01/0.jsonl"),
    *sent("s3", "PutObject", Bucket="resultsbucket", Key="index/dt=2026-12-01/0.jsonl"),
]
BULK: dict[str, list[Need]] = {
    "PlanBulkFunctionRole/1": sent(
        "sqs", "SendMessage", QueueUrl=queue("uploadsdeadletterqueue"), MessageBody="event"
    ),
    "PlanBulkFunctionRole/ReadInbox": READ_INBOX,
    "PlanBulkFunctionRole/TellMissingFromForbidden": missing("uploadsbucket", "resultsbucket"),
    "PlanBulkFunctionRole/WritePlan": sent(
        "s3", "PutObject", Bucket="workbucket", Key="bulk/0/plan.json"
    ),
    "PlanBulkFunctionRole/RejectOnce": once("rejected"),
    "PlanBulkFunctionRole/RemoveEarlierSummary": removed("bulk"),
    "PlanBulkFunctionRole/IndexAnswers": INDEX,
    "PlanBulkFunctionRole/TellOfAnswers": TELL,
    "PlanBulkFunctionRole/StartAnswering": [
        Need("states:StartExecution", f"arn:aws:x:{HERE}:AnswerBulkStateMachine")
    ],
    "PlanBulkFunctionRole/LookAtEarlierRun": sent(
        "states", "DescribeExecution", executionArn=f"{ANSWERING}:bulk-0"
    ),
    "AnswerMembersFunctionRole/ReadInbox": READ_INBOX,
    "AnswerMembersFunctionRole/TellMissingFromForbidden": missing(
        "uploadsbucket", "workbucket", "resultsbucket"
    ),
    "AnswerMembersFunctionRole/KeepParts": [
        need
        for operation in ("GetObject", "PutObject")
        for need in sent("s3", operation, Bucket="workbucket", Key="bulk/0/parts/00000.json")
    ],
    "AnswerMembersFunctionRole/AnswerOnce": [
        need
        for prefix in ("predictions", "masks", "overlays", "review", "dicom", "rejected")
        for need in once(prefix)
    ],
    "AnswerMembersFunctionRole/IndexAnswers": INDEX,
    "AnswerMembersFunctionRole/TellOfAnswers": TELL,
    "AnswerMembersFunctionRole/InvokeEndpoints": [
        need
        for role in ("classifier", "segmenter")
        for need in sent("sagemaker", "InvokeEndpoint", EndpointName=f"sonoflow-{role}")
    ],
    "SummariseBulkFunctionRole/SeeWhatStands": sent(
        "s3", "HeadObject", Bucket="uploadsbucket", Key="inbox/a.zip"
    ),
    "SummariseBulkFunctionRole/TellMissingFromForbidden": missing(
        "uploadsbucket", "workbucket", "resultsbucket"
    ),
    "SummariseBulkFunctionRole/ReadPlanAndParts": [
        *sent("s3", "GetObject", Bucket="workbucket", Key="bulk/0/plan.json"),
        *sent("s3", "GetObject", Bucket="workbucket", Key="bulk/0/parts/00000.json"),
    ],
    "SummariseBulkFunctionRole/SummariseOnce": once("bulk"),
    "SummariseBulkFunctionRole/RemoveEarlierRejection": removed("rejected"),
    "AnswerBulkStateMachineRole/InvokeFunctions": [
        Need("lambda:InvokeFunction", f"arn:aws:x:{HERE}:{name}Function")
        for name in ("AnswerMembers", "SummariseBulk")
    ],
    "AnswerBulkStateMachineRole/ReadPlan": sent(
        "s3", "GetObject", Bucket="workbucket", Key="bulk/0/plan.json"
    ),
    "AnswerBulkStateMachineRole/StartBatches": [
        Need("states:StartExecution", f"arn:aws:states:{HERE}:stateMachine:sonoflow-answer-bulk")
    ],
    "AnswerBulkStateMachineRole/FollowBatches": [
        Need(f"states:{action}", f"{ANSWERING}{name}")
        for action in ("DescribeExecution", "StopExecution")
        for name in (":bulk-0", "/AnswerMembers:batch")
    ],
    "AnswerBulkStateMachineRole/Notify": sent("sns", "Publish", TopicArn=TOPIC, Message="done"),
    "AnswerBulkStateMachineRole/EncryptNotification": [
        Need(f"kms:{action}", KEY) for action in ("GenerateDataKey", "Decrypt")
    ],
}
CALLS: dict[str, list[Need]] = {
    **external_calls.CALLS,
    **BULK,
    "PlanDatasetFunctionRole/1": sent(
        "sqs", "SendMessage", QueueUrl=queue("uploadsdeadletterqueue"), MessageBody="event"
    ),
    "PlanDatasetFunctionRole/NotifyRefusal": sent("sns", "Publish", TopicArn=TOPIC, Message="no"),
    "PlanDatasetFunctionRole/EncryptNotification": [
        Need(f"kms:{action}", KEY) for action in ("GenerateDataKey", "Decrypt")
    ],
    **{
        f"{name}FunctionRole/DecryptUploads": [
            Need("kms:Decrypt", f"arn:aws:kms:{HERE}:key/of-the-uploader", THROUGH_S3)
        ]
        for name in READS_UPLOADS
    },
    **{
        f"{name}FunctionRole/SayWhenToTryAgain": [
            *sent("sqs", "GetQueueUrl", QueueName=f"{prefix}inboxqueue"),
            *sent("sqs", "ChangeMessageVisibility", QueueUrl=queue(f"{prefix}inboxqueue")),
            *sent("sqs", "SendMessage", QueueUrl=queue(f"{prefix}inboxqueue")),
        ]
        for name, prefix in PREDICTS.items()
    },
    **{
        f"{name}FunctionRole/GiveUpWithReason": sent(
            "sqs", "SendMessage", QueueUrl=queue(f"{prefix}inboxdeadletterqueue")
        )
        for name, prefix in PREDICTS.items()
    },
    "PredictTableFunctionRole/AbandonScores": sent(
        "s3", "AbortMultipartUpload", Bucket="resultsbucket", Key="scores/rows.csv/out.csv"
    ),
    **{f"SweepUploadsFunctionRole/{name}": needed for name, needed in SWEEP.items()},
    # No one judges the demo's answers; tests/e2e/test_release.py does.
    **{
        f"{name}FunctionRole/1": sent(
            "sqs", "SendMessage", QueueUrl=queue("uploadsdeadletterqueue"), MessageBody="event"
        )
        for name in ("RecordFeedback", "CollectFeedback")
    },
    "RecordFeedbackFunctionRole/ReadVerdictAndImage": [
        *sent("s3", "GetObject", Bucket="uploadsbucket", Key="feedback/a.png.json"),
        *sent("s3", "GetObject", Bucket="uploadsbucket", Key="inbox/a.png", VersionId="1"),
    ],
    "RecordFeedbackFunctionRole/TellMissingFromForbidden": [
        Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        for bucket in ("uploadsbucket", "resultsbucket")
    ],
    "RecordFeedbackFunctionRole/ReadAnswer": [
        *sent("s3", "GetObject", Bucket="resultsbucket", Key="predictions/a.png.json"),
        *sent("s3", "GetObject", Bucket="resultsbucket", Key="masks/a.png.png"),
    ],
    "RecordFeedbackFunctionRole/ReplyOnce": [
        *sent("s3", "HeadObject", Bucket="resultsbucket", Key="feedback/a.png.json"),
        *sent("s3", "PutObject", Bucket="resultsbucket", Key="feedback/a.png.json"),
        *sent("s3", "DeleteObject", Bucket="resultsbucket", Key="feedback/a.png.json"),
        *sent(
            "s3",
            "DeleteObject",
            Bucket="resultsbucket",
            Key="feedback/a.png.json",
            VersionId="1",
        ),
    ],
    "RecordFeedbackFunctionRole/KeepImageAndMask": [
        *sent("s3", "PutObject", Bucket="workbucket", Key="feedback/images/0.png"),
        *sent("s3", "PutObject", Bucket="workbucket", Key="feedback/masks/0.png"),
    ],
    "CollectFeedbackFunctionRole/ReadStagedAndKept": [
        *sent("s3", "GetObject", Bucket="workbucket", Key="datasets/busi/0/index.jsonl"),
        *sent("s3", "GetObject", Bucket="workbucket", Key="feedback/images/0.png"),
    ],
    "CollectFeedbackFunctionRole/ReadReplies": sent(
        "s3", "GetObject", Bucket="resultsbucket", Key="feedback/a.png.json"
    ),
    "CollectFeedbackFunctionRole/ListVersionsAndReplies": [
        Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        for bucket in ("uploadsbucket", "workbucket", "resultsbucket")
    ],
    "CollectFeedbackFunctionRole/UploadDataset": [
        *sent("s3", "HeadObject", Bucket="uploadsbucket", Key="datasets/busi+feedback.zip"),
        *sent("s3", "PutObject", Bucket="uploadsbucket", Key="datasets/busi+feedback.zip"),
        *sent(
            "s3", "AbortMultipartUpload", Bucket="uploadsbucket", Key="datasets/busi+feedback.zip"
        ),
    ],
    "StageTableFunctionRole/AbandonStaged": sent(
        "s3", "AbortMultipartUpload", Bucket="workbucket", Key="datasets/wdbc/1/train/0.pbr"
    ),
    **{
        f"{name}FunctionRole/TellMissingFromForbidden": [
            Need("s3:ListBucket", "arn:aws:s3:::workbucket")
        ]
        for name in ("JudgeModel", "CompareModels", "ProbeEndpoint", "SplitDataset")
    },
    # No one is asked in the demo.
    "SettleApprovalFunctionRole/1": sent(
        "sqs", "SendMessage", QueueUrl=queue("uploadsdeadletterqueue"), MessageBody="event"
    ),
    "ReleaseModelStateMachineRole/LeaveToken": [
        Need("dynamodb:PutItem", f"arn:aws:x:{HERE}:LocksTable")
    ],
    "ReleaseModelStateMachineRole/AskForApproval": sent(
        "sns", "Publish", TopicArn=TOPIC, Message="?"
    ),
    "ReleaseModelStateMachineRole/EncryptNotification": [
        Need(f"kms:{action}", KEY) for action in ("GenerateDataKey", "Decrypt")
    ],
    "SettleApprovalFunctionRole/TellRelease": [
        *sent("states", "SendTaskSuccess", taskToken="t", output="{}"),
        *sent("states", "SendTaskFailure", taskToken="t"),
    ],
    # The demo's models are the first of their endpoints.
    "CompareModelsFunctionRole/ReadDatasetsAndEvaluations": [
        need
        for key in (
            *("datasets/busi/0/index.jsonl", "training/sonoflow-c/evaluation.json"),
            *("training/sonoflow-t/table.json", "training/sonoflow-c/champion/before/000000.json"),
        )
        for need in sent("s3", "GetObject", Bucket="workbucket", Key=key)
    ],
    "CompareModelsFunctionRole/KeepAnswersAndComparison": [
        *sent("s3", "PutObject", Bucket="workbucket", Key="training/c/champion/before/000000.json"),
        *sent("s3", "PutObject", Bucket="workbucket", Key="training/c/comparison.json"),
        *sent("s3", "PutObject", Bucket="resultsbucket", Key="reports/b/0/table.comparison.json"),
    ],
    "CompareModelsFunctionRole/AskChampion": [
        *sent("sagemaker", "DescribeEndpoint", EndpointName="sonoflow-table"),
        Need("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:{HERE}:endpoint/sonoflow-classifier"),
    ],
    "CompareModelsFunctionRole/ReadConfigurationTags": sent(
        "sagemaker",
        "ListTags",
        ResourceArn=f"arn:aws:sagemaker:{HERE}:endpoint-config/chosen-by-hand",
    ),
    "ProbeEndpointFunctionRole/ReadChampionsAnswers": sent(
        "s3", "GetObject", Bucket="workbucket", Key="training/t/champion/before/000000.json"
    ),
    "ProbeEndpointFunctionRole/KeepComparison": [
        *sent("s3", "PutObject", Bucket="workbucket", Key="training/t/comparison.json"),
        *sent("s3", "PutObject", Bucket="resultsbucket", Key="reports/w/0/table.comparison.json"),
    ],
    "StageTableFunctionRole/TellMissingFromForbidden": [
        Need("s3:ListBucket", "arn:aws:s3:::uploadsbucket")
    ],
    "ReleaseModelStateMachineRole/Tune": [
        need
        for operation in ("Create", "Describe", "Stop")
        for need in sent(
            "sagemaker",
            f"{operation}HyperParameterTuningJob",
            HyperParameterTuningJobName="sonoflow-c-1-0123456789ab",
            **({"Tags": [{"Key": "k", "Value": "v"}]} if operation == "Create" else {}),
        )
    ],
    "ReleaseModelStateMachineRole/GoBack": sent(
        "sagemaker",
        "UpdateEndpoint",
        EndpointName="sonoflow-classifier",
        EndpointConfigName="chosen-by-hand",
    ),
    "ReleaseModelStateMachineRole/AskLockOwner": sent(
        "states", "DescribeExecution", executionArn=f"{RELEASE}:run-classification"
    ),
    "TrainImagesStateMachineRole/FindMapRun": sent(
        "states", "ListMapRuns", executionArn=f"{TRAINING}:run"
    ),
    "TrainImagesStateMachineRole/FindFailedBatch": sent(
        "states",
        "ListExecutions",
        mapRunArn=f"arn:aws:states:{HERE}:mapRun:sonoflow-train-images/StageImages:run",
    ),
    "TrainImagesStateMachineRole/ReadFailedBatch": sent(
        "states", "GetExecutionHistory", executionArn=f"{TRAINING}/StageImages:batch"
    ),
}
# What nothing here can show, and why it stays.
EXCUSED = {
    "ReleaseModelStateMachineRole/ReadWhatIsRegistered": "SageMaker may look at a package's "
    "archive in its caller's name; AWS's policy for registries has it, and no page lets it go",
    "ReleaseModelStateMachineRole/LookUpServingImages": "the same of a package's image",
    "TrainImagesStateMachineRole/RedriveBatches": "for RedriveExecution, which the laptop has not",
    "ValidateExternalStateMachineRole/RedriveBatches": "the same",
    "AnswerBulkStateMachineRole/RedriveBatches": "for RedriveExecution, which the laptop has not",
    # A denial is missed by nobody; tests/contracts/test_network.py holds it.
    **{f"{name}FunctionRole/NotForCode": "takes away what SAM gives" for name in CODE},
}


@pytest.fixture(scope="module")
def roles(expanded: Document) -> dict[str, list[Statement]]:
    """The statements of each role of the template, its functions evaluated."""
    resolver = resolved.resolver(expanded, {}, _reference(expanded), _attribute(expanded))
    found: dict[str, list[Statement]] = {}
    for name, resource in expanded["Resources"].items():
        if "Condition" in resource and not resolver.condition(resource["Condition"]):
            continue
        properties = resolver.resolve(resource.get("Properties", {}))
        if resource["Type"] == "AWS::IAM::Role":
            for policy in properties.get("Policies", []):
                found.setdefault(name, []).extend(_read(policy))
        elif resource["Type"] == "AWS::IAM::Policy":
            for role in properties["Roles"]:
                found.setdefault(role, []).extend(_read(properties))
    return found


def _read(policy: Document) -> tuple[Statement, ...]:
    return read(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))


def _reference(template: Document) -> Any:
    def reference(name: str) -> str:
        kind = template["Resources"][name]["Type"]
        return name if kind == "AWS::IAM::Role" else _named(template, name)

    return reference


def _attribute(template: Document) -> Any:
    def attribute(name: str, part: str) -> str:
        if part == "Name":
            named = template["Resources"][name]["Properties"]["StateMachineName"]["Fn::Sub"]
            return str(named).replace("${AWS::StackName}", "sonoflow")
        return _named(template, name) if part == "Arn" else f"{name}.{part}"

    return attribute


def _named(template: Document, name: str) -> str:
    """The ARN, of a resource that is called as in the template, in small letters."""
    parts = {
        "AWS::S3::Bucket": f"arn:aws:s3:::{name.lower()}",
        "AWS::SQS::Queue": f"arn:aws:sqs:{HERE}:{name.lower()}",
        "AWS::SNS::Topic": f"arn:aws:sns:{HERE}:{name.lower()}",
        "AWS::KMS::Key": f"arn:aws:kms:{HERE}:key/{name.lower()}",
    }
    return parts.get(template["Resources"][name]["Type"], f"arn:aws:x:{HERE}:{name}")


def name_of(role: str, statement: Statement) -> str:
    return f"{role}/{statement.name.rpartition('/')[2]}"


@pytest.mark.parametrize("name", CALLS)
def test_a_statement_allows_what_no_other_does(
    roles: dict[str, list[Statement]], name: str
) -> None:
    role = name.partition("/")[0]
    statements = roles[role]
    rest = [each for each in statements if name_of(role, each) != name]
    arn = f"arn:aws:iam::123456789012:role/{role}"

    assert len(rest) == len(statements) - 1
    for need in CALLS[name]:
        assert is_allowed(arn, statements, need), need
    assert any(not is_allowed(arn, rest, need) for need in CALLS[name])


def test_what_is_said_here_is_said_of_statements_that_there_are(
    roles: dict[str, list[Statement]],
) -> None:
    present = {name_of(role, each) for role, found in roles.items() for each in found}

    assert {*CALLS, *EXCUSED} <= present
    assert not CALLS.keys() & EXCUSED.keys()
