"""SageMaker's built-in Linear Learner for the laptop runtime: its contract and its method.

    python -m local.sagemaker.linear_learner train DIRECTORY    # DIRECTORY stands for /opt/ml

`training.fit` is the algorithm as a function. docs/linear-learner.md says what of the contract is
kept, and where this implementation differs from the built-in one.
"""
