"""Which side handles an object in the inbox: `image_inbox` or `table_inbox`."""

from __future__ import annotations

import dataclasses

from sonoflow import keys
from sonoflow.aws.uploads import Upload
from sonoflow.inference import announcements
from sonoflow.inference.answers import Overtaken
from sonoflow.inference.outcomes import PREDICTED, SKIPPED, Outcome
from sonoflow.settings import Buckets, Predicting


def handle(upload: Upload, buckets: Buckets, settings: Predicting) -> Outcome:
    """Leaves the answer to the upload, or a rejection of it, in the results bucket, and tells it.

    Skips what has no work in it: a folder's marker, a version that is answered or overtaken
    already, an object that is gone, a kind that the settings have no endpoint for, or that stands
    for many, which comes to another function too. Errors of S3, of the endpoints and of EventBridge
    escape.
    """
    is_table = keys.is_inbox_table(upload.key)
    answered = settings.answers_tables if is_table else settings.answers_images
    if upload.key.endswith("/") or not answered or keys.is_inbox_bulk(upload.key):
        return Outcome(SKIPPED)
    outcome = _answer(upload, buckets, settings)
    # A skipped one too: whoever answered it may have been killed before it told anybody.
    known = outcome.rows if outcome.kind == PREDICTED else None
    told = announcements.announce(upload, buckets.results_bucket, known)
    return dataclasses.replace(outcome, entry=told)


def _answer(upload: Upload, buckets: Buckets, settings: Predicting) -> Outcome:
    try:
        # Imported here: an image's cold start is not to pay for the table side, nor the other way.
        if keys.is_inbox_table(upload.key):
            from sonoflow.inference import table_inbox

            return table_inbox.handle(upload, buckets, settings.table_endpoint_name)
        from sonoflow.inference import image_inbox

        return image_inbox.handle(upload, buckets.results_bucket, settings)
    except Overtaken:
        return Outcome(SKIPPED)
