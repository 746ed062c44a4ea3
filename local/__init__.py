"""The laptop runtime: AWS's contracts, kept by real processes on this machine.

`local` imports the product (template.yaml, statemachine/, functions/, core/, model_code/); the
product never imports `local`.
"""
