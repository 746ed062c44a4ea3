"""The settings of releases on trial: instances that scale, and next to no training."""

from __future__ import annotations

from sonoflow import settings

_IMAGE = "registry.example/ray:serve-ml-sagemaker-cpu-v1"


def training(stack: str, role: str) -> settings.Training:
    return settings.Training(
        stack_name=stack,
        sagemaker_role_arn=role,
        training_image_uri="none",
        training_instance_type="ml.c7i.xlarge",
        training_instance_count=1,
        training_max_runtime_seconds=3600,
        classifier_architecture="resnet18",
        classifier_image_size=32,
        classifier_epochs=1,
        segmenter_base_channels=4,
        segmenter_depth=2,
        segmenter_image_size=32,
        segmenter_epochs=1,
        batch_size=4,
        training_seed=0,
        minimum_accuracy=0,
        minimum_lesion_dice=0,
    )


HOSTING = settings.Hosting(
    serving_image_uri=_IMAGE,
    hosting_mode="realtime",
    hosting_instance_type="ml.c7i.large",
    serverless_memory_mb=2048,
    serverless_max_concurrency=2,
    scaling_minimum=1,
    scaling_maximum=4,
    scaling_target_invocations=60,
    scale_in_cooldown_seconds=300,
    scale_out_cooldown_seconds=60,
)
TABLE_TRAINING = settings.TableTraining(
    table_predictor_type="binary_classifier",
    table_loss="logistic",
    table_epochs=1,
    table_mini_batch_size=100,
    table_models=32,
    table_learning_rate="auto",
    table_l1="auto",
    table_weight_decay="auto",
    table_instance_type="ml.c7i.xlarge",
    table_instance_count=1,
    table_spot=False,
    minimum_table_accuracy=0,
)
