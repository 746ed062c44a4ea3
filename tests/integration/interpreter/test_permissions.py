"""What a role may not do is refused as AWS refuses it; what it may do is done."""

from __future__ import annotations

import gzip
import json
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.iam.credentials import RoleNotFound, role_credentials
from local.iam.principals import key_of_service
from tests.integration.interpreter.conftest import Platform

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
HERE = "us-east-1:123456789012"

Client = Callable[[str], Any]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(*services: str) -> str:
    return document(
        {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    )


class Caller:
    """A role and its clients."""

    def __init__(self, platform: Platform, *statements: dict[str, Any], **role: Any) -> None:
        self.platform, self.name = platform, f"caller-{uuid.uuid4().hex[:8]}"
        trust = role.pop("trust", trusting("lambda.amazonaws.com"))
        iam = platform.client("iam")
        made = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust, **role)
        self.arn = made["Role"]["Arn"]
        if statements:
            self.allow(*statements)

    def allow(self, *statements: dict[str, Any]) -> None:
        self.platform.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="own", PolicyDocument=document(*statements)
        )

    def client(self, service: str) -> Any:
        credentials = role_credentials(self.arn, "test", "lambda.amazonaws.com")
        return opened(self.platform, service, credentials.access_key)


def opened(platform: Platform, service: str, access_key: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=platform.runtime.endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("service", "method", "parameters", "code", "action", "resource"),
    [
        ("sagemaker", "describe_endpoint", {"EndpointName": "e"}, "AccessDeniedException",
         "sagemaker:DescribeEndpoint", f"arn:aws:sagemaker:{HERE}:endpoint/e"),
        ("stepfunctions", "list_state_machines", {}, "AccessDeniedException",
         "states:ListStateMachines", "*"),
        ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException",
         "lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f"),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"k": {"S": "v"}}},
         "AccessDeniedException", "dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/t"),
        ("sns", "publish", {"TopicArn": f"arn:aws:sns:{HERE}:t", "Message": "m"},
         "AuthorizationError", "sns:Publish", f"arn:aws:sns:{HERE}:t"),
        ("sqs", "get_queue_url", {"QueueName": "q"}, "AccessDenied", "sqs:GetQueueUrl",
         f"arn:aws:sqs:{HERE}:q"),
        ("s3", "list_objects_v2", {"Bucket": "b"}, "AccessDenied", "s3:ListBucket",
         '"arn:aws:s3:::b"'),
        ("iam", "get_role", {"RoleName": "r"}, "AccessDenied", "iam:GetRole",
         "arn:aws:iam::123456789012:role/r"),
        ("logs", "create_log_group", {"logGroupName": "/g"}, "AccessDeniedException",
         "logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:/g"),
    ],
)  # fmt: skip
def test_a_role_without_permission_is_refused_in_the_services_own_shape(
    platform: Platform,
    service: str,
    method: str,
    parameters: dict[str, Any],
    code: str,
    action: str,
    resource: str,
) -> None:
    caller = Caller(platform)

    told = refused(lambda: getattr(caller.client(service), method)(**parameters))

    assert told == (
        code,
        f"User: arn:aws:sts::123456789012:assumed-role/{caller.name}/test is not authorized to "
        f"perform: {action} on resource: {resource} because no identity-based policy allows the "
        f"{action} action",
    )


def test_an_explicit_deny_wins(platform: Platform) -> None:
    deny = {"Effect": "Deny", "Action": "states:List*", "Resource": "*"}
    caller = Caller(platform, ALL, deny)

    _, message = refused(caller.client("stepfunctions").list_state_machines)

    assert message.endswith("with an explicit deny in an identity-based policy")
    caller.allow(ALL)
    assert "stateMachines" in caller.client("stepfunctions").list_state_machines()


def test_a_boundary_limits_what_policies_allow(platform: Platform) -> None:
    boundary = platform.client("iam").create_policy(
        PolicyName=f"boundary-{uuid.uuid4().hex[:8]}",
        PolicyDocument=document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
    )["Policy"]["Arn"]
    caller = Caller(platform, ALL, PermissionsBoundary=boundary)

    _, message = refused(caller.client("stepfunctions").list_state_machines)

    assert "no permissions boundary allows the states:ListStateMachines action" in message
    assert "Buckets" in caller.client("s3").list_buckets()


def test_an_objects_absence_is_told_to_who_may_list(platform: Platform) -> None:
    bucket = platform.bucket()
    arn = f"arn:aws:s3:::{bucket}"
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/*"}
    caller = Caller(platform, read)
    s3 = caller.client("s3")

    code, message = refused(lambda: s3.get_object(Bucket=bucket, Key="missing"))
    assert code == "AccessDenied"
    assert f's3:ListBucket on resource: "{arn}"' in message
    assert refused(lambda: s3.head_object(Bucket=bucket, Key="missing"))[0] == "403"

    caller.allow(read, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn})
    assert refused(lambda: s3.get_object(Bucket=bucket, Key="missing"))[0] == "NoSuchKey"


def test_a_refused_upload_leaves_nothing(platform: Platform) -> None:
    bucket = platform.bucket()
    caller = Caller(platform)

    code, _ = refused(
        lambda: caller.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x" * (3 << 20))
    )

    assert code == "AccessDenied"
    assert "Contents" not in platform.client("s3").list_objects_v2(Bucket=bucket)


def test_each_of_several_deleted_objects_is_asked_for(platform: Platform) -> None:
    bucket = platform.bucket()
    for key in ("own/a", "other/b"):
        platform.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    own = {
        "Effect": "Allow",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{bucket}/own/*",
    }
    s3 = Caller(platform, own).client("s3")
    objects = [{"Key": "own/a"}, {"Key": "other/b"}]

    assert (
        "other/b"
        in refused(lambda: s3.delete_objects(Bucket=bucket, Delete={"Objects": objects}))[1]
    )
    s3.delete_objects(Bucket=bucket, Delete={"Objects": objects[:1]})

    listed = platform.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [each["Key"] for each in listed] == ["other/b"]


def test_a_buckets_own_policy_allows_a_service_on_behalf_of_one_source(platform: Platform) -> None:
    bucket = platform.bucket()
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:*:*:group-*"}},
    }
    platform.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(statement))

    def put(source: str) -> Any:
        key = key_of_service("logs.amazonaws.com", source)
        return opened(platform, "s3", key).put_object(Bucket=bucket, Key="k", Body=b"x")

    assert "ETag" in put("arn:aws:logs:us-east-1:123456789012:group-a")
    code, message = refused(lambda: put("arn:aws:logs:us-east-1:123456789012:other"))
    assert code == "AccessDenied"
    assert message.startswith("User: logs.amazonaws.com is not authorized to perform: s3:PutObject")


def test_a_buckets_own_policy_binds_the_user_too(platform: Platform) -> None:
    bucket = platform.bucket()
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject"}
    deny["Resource"] = f"arn:aws:s3:::{bucket}/kept/*"
    platform.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(deny))

    _, message = refused(lambda: platform.client("s3").delete_object(Bucket=bucket, Key="kept/x"))

    assert message.endswith("with an explicit deny in a resource-based policy")
    platform.client("s3").delete_object(Bucket=bucket, Key="other")


def test_a_key_asks_whom_it_trusts_before_the_callers_policies_count(platform: Platform) -> None:
    kms, sns = platform.client("kms"), platform.client("sns")
    closed = {
        "Effect": "Allow",
        "Principal": {"Service": "x.amazonaws.com"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = kms.create_key(Policy=document(closed))["KeyMetadata"]["KeyId"]
    topic = sns.create_topic(Name=f"t-{key}", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    caller = Caller(platform, ALL)

    def publish() -> Any:
        return caller.client("sns").publish(TopicArn=topic, Message="m")

    code, message = refused(publish)
    assert code == "AuthorizationError"
    assert f"kms:GenerateDataKey on resource: arn:aws:kms:{HERE}:key/{key}" in message

    account = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(account))
    assert "MessageId" in publish()
    caller.allow({"Effect": "Allow", "Action": "sns:Publish", "Resource": topic})
    assert "kms:GenerateDataKey" in refused(publish)[1]


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [("sagemaker.amazonaws.com", True), ("lambda.amazonaws.com", False)],
)
def test_a_role_is_passed_to_whom_the_caller_may_pass_it(
    platform: Platform, condition: str, allowed: bool
) -> None:
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": platform.role,
        "Condition": {"StringEquals": {"iam:PassedToService": condition}},
    }
    caller = Caller(platform, {**ALL, "Action": "sagemaker:*"}, passing)
    name = f"m-{uuid.uuid4().hex[:8]}"
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/ray:serve-ml-sagemaker-cpu-v1"
    container = {"Image": image, "ModelDataUrl": "s3://b/model.tar.gz"}

    def create() -> Any:
        return caller.client("sagemaker").create_model(
            ModelName=name, ExecutionRoleArn=platform.role, PrimaryContainer=container
        )

    if allowed:
        assert create()["ModelArn"].endswith(name)
    else:
        code, message = refused(create)
        assert code == "AccessDeniedException"
        assert f"iam:PassRole on resource: {platform.role}" in message


@pytest.mark.parametrize(
    ("service", "create", "code", "told"),
    [
        ("stepfunctions",
         lambda client, role: client.create_state_machine(
             name="untrusted", roleArn=role,
             definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'),
         "AccessDeniedException", "Neither the global service principal states.amazonaws.com"),
        ("sagemaker",
         lambda client, role: client.create_model(ModelName="untrusted", ExecutionRoleArn=role),
         "ValidationException", "allows principal 'sagemaker.amazonaws.com' to assume the role"),
        ("lambda",
         lambda client, role: client.create_function(
             FunctionName="untrusted", Role=role, Runtime="python3.13", Handler="a.b",
             Code={"ZipFile": b"x"}),
         "InvalidParameterValueException", "cannot be assumed by Lambda"),
    ],
)  # fmt: skip
def test_a_role_must_trust_the_service_that_it_is_given_to(
    platform: Platform, service: str, create: Callable[..., Any], code: str, told: str
) -> None:
    stranger = Caller(platform, ALL, trust=trusting("events.amazonaws.com"))

    found, message = refused(lambda: create(platform.client(service), stranger.arn))

    assert found == code
    assert told in message


def test_a_trust_policy_names_the_account_that_it_trusts(platform: Platform) -> None:
    def role(account: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}}
        statement["Action"] = "sts:AssumeRole"
        condition = {"Condition": {"StringEquals": {"aws:SourceAccount": account}}}
        return Caller(platform, ALL, trust=document({**statement, **condition})).arn

    definition = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    create = platform.client("stepfunctions").create_state_machine

    name = f"own-{uuid.uuid4().hex[:8]}"
    assert create(name=name, roleArn=role("123456789012"), definition=definition)
    code, _ = refused(
        lambda: create(name="else", roleArn=role("999999999999"), definition=definition)
    )
    assert code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("resource", "logging", "told"),
    [
        (
            "arn:aws:states:::sagemaker:createTrainingJob.sync",
            {},
            "is not authorized to create managed-rule.",
        ),
        (
            "arn:aws:states:::lambda:invoke",
            {"level": "ERROR"},
            "not authorized to access the Log Destination",
        ),
    ],
)
def test_a_machines_role_must_be_able_to_arrange_what_the_machine_takes(
    platform: Platform, resource: str, logging: dict[str, Any], told: str
) -> None:
    task = {"Type": "Task", "Resource": resource, "Arguments": {}, "End": True}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": task}})
    trust = trusting("states.amazonaws.com")
    group = f"arn:aws:logs:{HERE}:log-group:/g:*"
    destination = {"destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}

    def create(role: str) -> Any:
        return platform.client("stepfunctions").create_state_machine(
            name=f"m-{uuid.uuid4().hex[:8]}",
            roleArn=role,
            definition=definition,
            **({"loggingConfiguration": {**logging, **destination}} if logging else {}),
        )

    code, message = refused(lambda: create(Caller(platform, trust=trust).arn))
    assert (code, told in message) == ("AccessDeniedException", True)
    assert create(Caller(platform, ALL, trust=trust).arn)["stateMachineArn"]


def test_what_cannot_be_decided_is_said_and_not_guessed(platform: Platform) -> None:
    odd = {**ALL, "Condition": {"StringEquals": {"ec2:Vpc": "vpc-1"}}}
    caller = Caller(platform, odd)

    code, message = refused(caller.client("stepfunctions").list_state_machines)

    assert code == "InternalFailure"
    assert "the condition key ec2:Vpc is not implemented by the laptop runtime" in message


def test_a_deleted_roles_session_may_do_nothing_more(platform: Platform) -> None:
    caller = Caller(platform, ALL)
    client = caller.client("stepfunctions")
    client.list_state_machines()
    iam = platform.client("iam")
    iam.delete_role_policy(RoleName=caller.name, PolicyName="own")
    iam.delete_role(RoleName=caller.name)

    assert refused(client.list_state_machines)[0] == "AccessDeniedException"


def test_a_distributed_map_starts_its_children_in_its_machines_name(platform: Platform) -> None:
    trust = trusting("states.amazonaws.com")
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    mapping = {
        "Type": "Map",
        "Items": [1],
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            **inner,
        },
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": mapping}}

    def run(*statements: dict[str, Any]) -> dict[str, Any]:
        states = platform.client("stepfunctions")
        machine = states.create_state_machine(
            name=f"map-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(definition),
            roleArn=Caller(platform, *statements, trust=trust).arn,
        )["stateMachineArn"]
        return platform.finish(states.start_execution(stateMachineArn=machine)["executionArn"])

    refusal = run({**ALL, "Action": "states:DescribeExecution"})
    assert (refusal["status"], refusal["error"]) == ("FAILED", "States.Permissions")
    assert "states:StartExecution" in refusal["cause"]
    assert run({**ALL, "Action": "states:*"})["status"] == "SUCCEEDED"


def test_a_permission_boundary_denies(platform: Platform) -> None:
    deny = {"Effect": "Deny", "Action": "states:*", "Resource": "*"}
    boundary = platform.client("iam").create_policy(
        PolicyName=f"boundary-{uuid.uuid4().hex[:8]}", PolicyDocument=document(ALL, deny)
    )["Policy"]["Arn"]
    caller = Caller(platform, ALL, PermissionsBoundary=boundary)

    _, message = refused(caller.client("stepfunctions").list_state_machines)

    assert message.endswith("with an explicit deny in a permissions boundary")


@pytest.mark.parametrize(
    ("principal", "meant"),
    [
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, False),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, True),
    ],
)
def test_a_resources_own_denial_reaches_whom_it_names(
    platform: Platform, principal: dict[str, Any], meant: bool
) -> None:
    bucket = platform.bucket()
    deny = {"Effect": "Deny", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    platform.client("s3").put_bucket_policy(Bucket=bucket, Policy=document({**deny, **principal}))
    s3 = Caller(platform, ALL).client("s3")

    if meant:
        assert refused(lambda: s3.list_objects_v2(Bucket=bucket))[1].endswith(
            "with an explicit deny in a resource-based policy"
        )
    else:
        s3.list_objects_v2(Bucket=bucket)


def test_a_policy_never_locks_the_owner_out(platform: Platform) -> None:
    bucket = platform.bucket()
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    s3 = platform.client("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))

    assert refused(lambda: s3.list_objects_v2(Bucket=bucket))[0] == "AccessDenied"
    s3.delete_bucket_policy(Bucket=bucket)
    s3.list_objects_v2(Bucket=bucket)


def answered(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("version", [None, "s3v4", "s3"])
def test_a_presigned_address_gives_no_more_than_its_signer_has(
    platform: Platform, version: str | None
) -> None:
    bucket = platform.bucket()
    platform.client("s3").put_object(Bucket=bucket, Key="k", Body=b"secret")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    caller = Caller(platform)
    key = role_credentials(caller.arn, "test", "lambda.amazonaws.com").access_key
    signing = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=platform.runtime.endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key="x",
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )
    url = signing.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})

    assert answered(urllib.request.Request(url)) == 403
    if version:
        assert refused(lambda: signing.get_object(Bucket=bucket, Key="k"))[0] == "AccessDenied"
    caller.allow(read)
    assert answered(urllib.request.Request(url)) == 200


def test_a_forms_upload_is_its_signers(platform: Platform) -> None:
    bucket = platform.bucket()
    post = Caller(platform).client("s3").generate_presigned_post(bucket, "k")
    form = urllib.parse.urlencode({**post["fields"], "file": "x"}).encode()

    assert answered(urllib.request.Request(post["url"], form, method="POST")) == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Basic abc"}, 400),
        ({"Transfer-Encoding": "chunked", "Authorization": "{}"}, 411),
        ({"Content-Encoding": "gzip", "Authorization": "{}"}, 400),
    ],
)
def test_what_cannot_be_read_is_not_taken_for_somebody_elses(
    platform: Platform, headers: dict[str, str], status: int
) -> None:
    key = role_credentials(Caller(platform).arn, "test", "lambda.amazonaws.com").access_key
    credential = f"AWS4-HMAC-SHA256 Credential={key}/20261130/us-east-1/states/aws4_request, x"
    headers = {name: value.replace("{}", credential) for name, value in headers.items()}
    request = urllib.request.Request(platform.runtime.endpoint_url, b"{}", headers, method="POST")
    request.add_header("X-Amz-Target", "AWSStepFunctions.ListStateMachines")

    assert answered(request) == status


def test_a_packed_body_is_unpacked_before_it_is_judged(platform: Platform) -> None:
    caller = Caller(platform, {**ALL, "Resource": f"arn:aws:dynamodb:{HERE}:table/own"})
    key = role_credentials(caller.arn, "test", "lambda.amazonaws.com").access_key
    body = gzip.compress(json.dumps({"TableName": "other", "Key": {}}).encode())
    request = urllib.request.Request(platform.runtime.endpoint_url, body, method="POST")
    scope = f"Credential={key}/20261130/us-east-1/dynamodb/aws4_request, x"
    request.add_header("Authorization", f"AWS4-HMAC-SHA256 {scope}")
    request.add_header("X-Amz-Target", "DynamoDB_20120810.GetItem")
    request.add_header("Content-Encoding", "gzip")

    with pytest.raises(HTTPError) as raised:
        urllib.request.urlopen(request)

    told = raised.value.read().decode()
    raised.value.close()
    assert "dynamodb:GetItem on resource: " in told
    assert "table/other" in told


def test_an_arn_in_a_text_is_no_resource(platform: Platform) -> None:
    sqs = platform.client("sqs")
    urls = [sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"] for _ in "ab"]
    arns = [f"arn:aws:sqs:{HERE}:{url.rsplit('/', 1)[1]}" for url in urls]
    caller = Caller(platform, {**ALL, "Resource": arns[0]})
    send = caller.client("sqs").send_message

    assert refused(lambda: send(QueueUrl=urls[1], MessageBody=arns[0]))[0] == "AccessDenied"
    assert send(QueueUrl=urls[0], MessageBody=arns[1])["MessageId"]


def test_sts_hands_out_a_role_to_whom_it_trusts(platform: Platform) -> None:
    caller = Caller(platform, {**ALL, "Action": "sts:*"})
    closed = Caller(platform, ALL)
    me = {"Effect": "Allow", "Principal": {"AWS": caller.arn}, "Action": "sts:AssumeRole"}
    opened_to_me = Caller(platform, ALL, trust=document(me))
    sts = caller.client("sts")

    def assume(role: str) -> Any:
        return sts.assume_role(RoleArn=role, RoleSessionName="mine")

    assert refused(lambda: assume(closed.arn))[0] == "AccessDenied"
    assert refused(lambda: assume("arn:aws:iam::123456789012:role/none"))[0] == "AccessDenied"
    taken = assume(opened_to_me.arn)["Credentials"]["AccessKeyId"]
    assert "stateMachines" in opened(platform, "stepfunctions", taken).list_state_machines()
    assert refused(sts.get_session_token)[0] == "InternalFailure"


def test_a_rules_role_is_passed_too(platform: Platform) -> None:
    caller = Caller(platform, {**ALL, "Action": "events:*"})
    platform.client("events").put_rule(Name="passes", EventPattern='{"source": ["x"]}')
    machine = f"arn:aws:states:{HERE}:stateMachine:m"
    target = {"Id": "1", "Arn": machine, "RoleArn": platform.role}

    _, message = refused(
        lambda: caller.client("events").put_targets(Rule="passes", Targets=[target])
    )

    assert f"iam:PassRole on resource: {platform.role}" in message


def test_another_region_is_no_way_round(platform: Platform) -> None:
    caller = Caller(platform, ALL)
    key = role_credentials(caller.arn, "test", "lambda.amazonaws.com").access_key
    elsewhere = boto3.client(
        "stepfunctions",
        region_name="eu-west-1",
        endpoint_url=platform.runtime.endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )

    assert refused(elsewhere.list_state_machines)[0] == "InternalFailure"


def test_trust_that_is_withdrawn_is_gone(platform: Platform) -> None:
    caller = Caller(platform, ALL)
    role_credentials(caller.arn, "again", "lambda.amazonaws.com")
    platform.client("iam").update_assume_role_policy(
        RoleName=caller.name, PolicyDocument=trusting("events.amazonaws.com")
    )

    with pytest.raises(RoleNotFound, match=r"does not let lambda\.amazonaws\.com assume it"):
        role_credentials(caller.arn, "again", "lambda.amazonaws.com")


def test_a_copy_needs_the_sources_key_too(platform: Platform) -> None:
    s3, kms, bucket = platform.client("s3"), platform.client("kms"), platform.bucket()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    caller = Caller(platform, {**ALL, "Action": "s3:*"})

    def copy() -> Any:
        source = f"{bucket}/k"
        return caller.client("s3").copy_object(Bucket=bucket, Key="l", CopySource=source)

    assert f"kms:Decrypt on resource: {key}" in refused(copy)[1]
    caller.allow({**ALL, "Action": ["s3:*", "kms:Decrypt"]})
    assert "CopyObjectResult" in copy()
