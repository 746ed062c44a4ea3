"""A day with the SageMaker Python SDK: an estimator fits, deploys, predicts and is removed.

A program: its interpreter is the SDK's own environment. It prints what the endpoint answered.

    AWS_ENDPOINT_URL=… .venv-sdk/bin/python tests/integration/clients/estimator.py ROLE BUCKET
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from pathlib import Path

import boto3

warnings.simplefilter("ignore")  # the SDK's, about itself
import sagemaker  # noqa: E402
from sagemaker.deserializers import JSONDeserializer  # noqa: E402
from sagemaker.estimator import Estimator  # noqa: E402
from sagemaker.inputs import TrainingInput  # noqa: E402
from sagemaker.serializers import IdentitySerializer  # noqa: E402

REGISTRY = "registry.example"
TRAINING_IMAGE = f"{REGISTRY}/pytorch:2.13-cpu-amzn2023-sagemaker"
SERVING_IMAGE = f"{REGISTRY}/ray:serve-ml-sagemaker-cpu-v1"
# Learns one number, and leaves an application that adds it to what it is asked.
TRAIN = '''
import argparse, json, os, pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--scale", type=int)
scale = parser.parse_args().scale
lines = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "numbers.txt").read_text().split()
learnt = scale * sum(map(int, lines))
print(f"learnt={learnt}")
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "code").mkdir()
(model / "learnt.json").write_text(json.dumps(learnt))
(model / "config.yaml").write_text(
    "applications:\\n- name: model\\n  import_path: ray_app:deployment\\n  route_prefix: /\\n"
)
(model / "code" / "serve.py").write_text("""
import json, os, pathlib

LEARNT = json.loads(pathlib.Path(os.environ["SM_MODEL_DIR"], "learnt.json").read_text())

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    body = (await receive()).get("body", b"")
    answer = json.dumps({"sum": LEARNT + int(body or 0)}).encode()
    kind = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    await send({"type": "http.response.body", "body": answer})
""")
'''


def main(role: str, bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="in/numbers.txt", Body=b"1 2 3")
    session = sagemaker.Session(default_bucket=bucket)
    with tempfile.TemporaryDirectory() as source:
        Path(source, "train.py").write_text(TRAIN)
        estimator = Estimator(
            image_uri=TRAINING_IMAGE,
            role=role,
            instance_count=1,
            instance_type="ml.c7i.xlarge",
            sagemaker_session=session,
            output_path=f"s3://{bucket}/out",
            code_location=f"s3://{bucket}/code",
            source_dir=source,
            entry_point="train.py",
            hyperparameters={"scale": 2},
            metric_definitions=[{"Name": "learnt", "Regex": "learnt=([0-9]+)"}],
            disable_profiler=True,
            debugger_hook_config=False,
        )
        estimator.fit({"train": TrainingInput(f"s3://{bucket}/in")})
    predictor = estimator.deploy(
        initial_instance_count=1,
        instance_type="ml.c7i.large",
        image_uri=SERVING_IMAGE,
        serializer=IdentitySerializer("text/plain"),
        deserializer=JSONDeserializer(),
    )
    found = {
        "answer": predictor.predict(b"30"),
        "job": estimator.latest_training_job.describe(),
        "endpoint": predictor.endpoint_name,
    }
    predictor.delete_model()
    predictor.delete_endpoint()
    print()  # the SDK leaves a line open
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
