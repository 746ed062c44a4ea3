"""The resource types that the laptop runtime can create, each through its service's own API.

A type lists the properties it understands; any other property, and any other type, fails the
deployment.
"""

from __future__ import annotations

from local.cloudformation.resources.compute import COMPUTE
from local.cloudformation.resources.identity import IDENTITY
from local.cloudformation.resources.messaging import MESSAGING
from local.cloudformation.resources.monitoring import MONITORING
from local.cloudformation.resources.orchestration import ORCHESTRATION
from local.cloudformation.resources.resource import ResourceType
from local.cloudformation.resources.storage import STORAGE

RESOURCE_TYPES: dict[str, ResourceType] = {
    resource_type.name: resource_type
    for resource_type in (*STORAGE, *MESSAGING, *IDENTITY, *COMPUTE, *ORCHESTRATION, *MONITORING)
}
