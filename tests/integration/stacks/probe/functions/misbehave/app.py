"""Fails in the way that it is asked to."""

import os
import time


def handler(event, context):
    match event["how"]:
        case "raise":
            raise ValueError("as asked")
        case "sleep":
            time.sleep(event.get("seconds", 60))
        case "exit":
            os._exit(3)
        case "memory":
            hoard = bytearray(600 * 2**20)
            hoard[::4096] = b"x" * len(hoard[::4096])
            time.sleep(5)
        case "large":
            return "x" * 7_000_000
    return {"slept": event.get("seconds")}
