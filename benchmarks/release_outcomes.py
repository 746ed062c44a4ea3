"""What may be left of releases that met at one endpoint, and what must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.release_trial import Left, Tried


def violations(
    tried: Sequence[Tried],
    ended: Mapping[str, Mapping[str, Any]],
    before: Left,
    after: Left,
) -> list[str]:
    """What is wrong with what is left; `ended` describes each one's execution, by release.

    Nothing is asked of an execution that was stopped, but that it harms no other. Its model may
    serve if it had passed its probe.
    """
    over = [one for one in tried if ended[one.name]["status"] != "ABORTED"]
    stopped = {one.name for one in tried} - {one.name for one in over}
    good = [one.name for one in over if one.good]
    good += [name for name in stopped if after.lock.get("proven") == name]
    failed = {one.name for one in over if not one.good}
    return [
        *_wrong_ends(over, ended, after),
        *_wrong_service(good, ended, before, after),
        *(f"left of a failed release: {name}" for name in sorted(failed & _things(after))),
        *(
            f"taken from another release: {name}"
            for name in sorted((_things(before) | set(good)) - _things(after) - stopped)
        ),
        *(["the lock is held"] if "owner" in after.lock else []),
    ]


def _things(left: Left) -> set[str]:
    return {*left.configs, *left.models}


def _wrong_ends(
    over: Sequence[Tried], ended: Mapping[str, Mapping[str, Any]], after: Left
) -> list[str]:
    found = []
    for one in over:
        end, package = ended[one.name], after.packages.get(one.name)
        if one.good and end["status"] != "SUCCEEDED":
            found.append(f"a good release failed: {end.get('error')}: {end.get('cause')}")
        if not one.good and "ModelError" not in str(end.get("error")):
            found.append(f"a failed probe ended {end['status']} {end.get('error')}")
        if package != ("Approved" if one.good else "Rejected"):
            found.append(f"package of a {'good' if one.good else 'bad'} release is {package}")
        if one.good and end["status"] == "SUCCEEDED" and one.name not in str(end["output"]):
            found.append("another release's model answered the probe")
    return found


def _wrong_service(
    good: Sequence[str], ended: Mapping[str, Mapping[str, Any]], before: Left, after: Left
) -> list[str]:
    """The last good release serves; without any, what served before."""
    last = max(good, key=lambda name: ended[name]["stopDate"], default=before.serves)
    if last is None:
        return [] if after.serves is None else [f"{after.serves} serves, which nobody released"]
    found = []
    if (after.status, after.serves) != ("InService", last):
        found.append(f"{after.serves} is {after.status} instead of {last}")
    if after.answers != last:
        found.append(f"{after.answers} answers instead of {last}")
    return found
