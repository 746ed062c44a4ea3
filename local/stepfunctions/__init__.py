"""Step Functions: moto's interpreter, taught JSONata and the integrations that the machines use."""
