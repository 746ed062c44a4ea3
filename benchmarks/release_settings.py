"""The settings of releases on trial: instances that scale, and next to no training."""

from __future__ import annotations

INSTANCE_TYPE = "ml.c7i.large"
_IMAGE = "registry.example/ray:serve-ml-sagemaker-cpu-v1"


def environment(stack: str, role: str, bucket: str) -> dict[str, str]:
    """Of the function that plans a release."""
    return {
        "STACK_NAME": stack,
        "SAGEMAKER_ROLE_ARN": role,
        "WORK_BUCKET": bucket,
        "RESULTS_BUCKET": bucket,
        "TRAINING_IMAGE_URI": "none",
        "TRAINING_INSTANCE_TYPE": "ml.c7i.xlarge",
        "TRAINING_INSTANCE_COUNT": "1",
        "TRAINING_MAX_RUNTIME_SECONDS": "3600",
        "CLASSIFIER_ARCHITECTURE": "resnet18",
        "CLASSIFIER_IMAGE_SIZE": "32",
        "CLASSIFIER_EPOCHS": "1",
        "MINIMUM_ACCURACY": "0",
        "MINIMUM_LESION_DICE": "0",
        "MINIMUM_TABLE_ACCURACY": "0",
        "SERVING_IMAGE_URI": _IMAGE,
        "HOSTING_MODE": "realtime",
        "HOSTING_INSTANCE_TYPE": INSTANCE_TYPE,
        "SERVERLESS_MEMORY_MB": "2048",
        "SERVERLESS_MAX_CONCURRENCY": "2",
        "SCALING_MINIMUM": "1",
        "SCALING_MAXIMUM": "4",
        "SCALING_TARGET_INVOCATIONS": "0",
    }
