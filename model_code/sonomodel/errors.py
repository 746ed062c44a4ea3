"""Errors of the model code.

    ModelCodeError
    ├── ArgumentsError     a hyperparameter or the environment of the job cannot be used
    ├── ChannelError       an input channel lacks what training needs
    ├── WeightsError       a weights file is damaged, or does not fit the network
    ├── TrainingDiverged   the loss left the real numbers
    ├── StoppedByRule      a diagnostic rule fired that was to stop the job
    ├── CheckpointError    a checkpoint is damaged, or of another run
    ├── PeersMissing       other processes of the job did not come
    ├── PeerLost           another process of the job has ended, or failed
    ├── Interrupted        the job was asked to stop; what it had reached is saved
    ├── ModelError         a model directory cannot be served
    └── ImageUnreadable    bytes that are no image this code reads

A training job that raises one ends with a line that SageMaker shows as the job's failure reason
(`job.run`), so the message says what was wrong, with which value, and what to do.
"""


class ModelCodeError(Exception):
    """Base of all errors this code raises on purpose."""


class ArgumentsError(ModelCodeError):
    pass


class ChannelError(ModelCodeError):
    pass


class WeightsError(ModelCodeError):
    pass


class TrainingDiverged(ModelCodeError):
    pass


class StoppedByRule(ModelCodeError):
    pass


class CheckpointError(ModelCodeError):
    pass


class PeersMissing(ModelCodeError):
    pass


class PeerLost(ModelCodeError):
    pass


class Interrupted(ModelCodeError):
    pass


class ModelError(ModelCodeError):
    pass


class ImageUnreadable(ModelCodeError):
    pass
