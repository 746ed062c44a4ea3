"""What every service of the runtime stands on: clients, children, logs, the door, moto's hooks."""
