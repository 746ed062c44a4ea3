"""The metrics that SageMaker reads from Linear Learner's log, without being asked to.

Names and patterns are those that the service attaches to a job with this image.
"""

from __future__ import annotations

_OF_A_CHANNEL = {
    "objective_loss:final": r"\S+_objective <loss>",
    "mse": "mse <loss>",
    "absolute_loss": "absolute_loss <loss>",
    "binary_classification_accuracy": "binary_classification_accuracy <score>",
    "binary_f_beta": r"binary_f_\S+ <score>",
    "precision": "precision <score>",
    "recall": "recall <score>",
    "roc_auc_score": "roc_auc_score <score>",
    "multiclass_accuracy": "multiclass_accuracy <score>",
    "multiclass_top_k_accuracy": r"multiclass_top_k_accuracy_\S+ <score>",
    "dcg": "dcg <score>",
    "macro_recall": "macro_recall <score>",
    "macro_precision": "macro_precision <score>",
    "macro_f_beta": r"macro_f_\S+ <score>",
}
_ON_THE_WAY = {
    "train:progress": r"#progress_metric: host=\S+, completed (\S+) %",
    "train:throughput": r"#throughput_metric: host=\S+, train throughput=(\S+) records/second",
    "train:objective_loss": (
        r"#quality_metric: host=\S+, epoch=\S+, train \S+_objective <loss>=(\S+)"
    ),
    "validation:objective_loss": (
        r"#quality_metric: host=\S+, epoch=\S+, validation \S+_objective <loss>=(\S+)"
    ),
}


def metric_definitions() -> list[dict[str, str]]:
    """As in AlgorithmSpecification.MetricDefinitions."""
    definitions = dict(_ON_THE_WAY)
    for channel in ("train", "validation", "test"):
        for name, pattern in _OF_A_CHANNEL.items():
            # The test channel is looked at once, so that its objective is final by nature.
            shown = name.removesuffix(":final") if channel == "test" else name
            regex = rf"#quality_metric: host=\S+, {channel} {pattern}=(\S+)"
            definitions[f"{channel}:{shown}"] = regex
    return [{"Name": name, "Regex": regex} for name, regex in definitions.items()]
