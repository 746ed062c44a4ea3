"""What SageMaker's Linear Learner calls things.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
"""

from __future__ import annotations

BINARY_CLASSIFIER = "binary_classifier"
MULTICLASS_CLASSIFIER = "multiclass_classifier"
REGRESSOR = "regressor"
RECORDIO = "application/x-recordio-protobuf"
