"""SageMaker: training jobs and endpoints as processes that see the container contract."""
