"""Lambda: functions in processes of AWS's own runtime client, behind a Runtime API."""
