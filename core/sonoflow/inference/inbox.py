"""Which side handles an object in the inbox: `image_inbox` or `table_inbox`."""

from __future__ import annotations

from sonoflow import keys
from sonoflow.aws.uploads import Upload
from sonoflow.inference.answers import Overtaken
from sonoflow.inference.outcomes import SKIPPED, Outcome
from sonoflow.settings import Buckets, Predicting


def handle(upload: Upload, buckets: Buckets, settings: Predicting) -> Outcome:
    """Leaves the answer to the upload, or a rejection of it, in the results bucket.

    Skips what has no work in it: a folder's marker, a version that is answered or overtaken
    already, an object that is gone, a kind that the settings have no endpoint for, which comes to
    another function too. Errors of S3 and of the endpoints escape.
    """
    is_table = keys.is_inbox_table(upload.key)
    answered = settings.answers_tables if is_table else settings.answers_images
    if upload.key.endswith("/") or not answered:
        return Outcome(SKIPPED)
    try:
        # Imported here: an image's cold start is not to pay for the table side, nor the other way.
        if is_table:
            from sonoflow.inference import table_inbox

            return table_inbox.handle(upload, buckets, settings.table_endpoint_name)
        from sonoflow.inference import image_inbox

        return image_inbox.handle(upload, buckets.results_bucket, settings)
    except Overtaken:
        return Outcome(SKIPPED)
