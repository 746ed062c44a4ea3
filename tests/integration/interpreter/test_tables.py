"""Tables whose conditions hold when many write at once."""

from __future__ import annotations

import concurrent.futures
import threading
import uuid

from botocore.exceptions import ClientError

from tests.integration.interpreter.conftest import Platform

ASKING = 8


def test_of_many_that_ask_for_a_free_lock_one_gets_it(platform: Platform) -> None:
    dynamodb, table = platform.client("dynamodb"), f"table-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )

    def ask(key: str, owner: int, together: threading.Barrier) -> bool:
        together.wait()
        try:
            dynamodb.update_item(
                TableName=table,
                Key={"key": {"S": key}},
                UpdateExpression="SET #owner = :me",
                ConditionExpression="attribute_not_exists(#owner)",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":me": {"S": str(owner)}},
            )
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(ASKING) as pool:
        for number in range(60):
            together = threading.Barrier(ASKING)
            asked = [pool.submit(ask, f"lock-{number}", one, together) for one in range(ASKING)]
            assert sum(future.result() for future in asked) == 1, number
