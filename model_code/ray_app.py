"""The model server under Ray Serve, as SageMaker's Ray serving container starts it.

The container reads /opt/ml/model/config.yaml, whose import_path is `ray_app:deployment`, with
/opt/ml/model/code on its path. Requests arrive at `/`, pings are answered by its adapter.
"""

from __future__ import annotations

from ray import serve as ray_serve

from serve import app


class Model:
    """The ASGI application does everything; Ray runs its start-up, which loads the model."""


deployment = ray_serve.deployment(ray_serve.ingress(app)(Model)).bind()
