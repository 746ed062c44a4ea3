"""Script mode as sagemaker-training 5.1.4 does it: code, arguments, environment.

tests/unit/local/script_mode.golden.json holds what that package handed to a script; a test
compares.
"""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.sagemaker.container_layout import CONTAINER_BASE, Layout
from local.sagemaker.training.code_archives import ScriptModeError, unpack_code
from local.sagemaker.training.script_failure import ErrorExcerpt, error_message, failure_message

INSTANCE_GROUP = "homogeneousCluster"
_PREFIX = "sagemaker_"
_TUNING_OBJECTIVE = "_tuning_objective_metric"  # of a tuning job's candidates, no script's own


def decode(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Each value as JSON, or as the text that it is. `"12e4"` is a number: quote what is not."""
    decoded: dict[str, Any] = {}
    for name, value in hyperparameters.items():
        try:
            decoded[name] = json.loads(value)
        except ValueError:
            decoded[name] = value
    return decoded


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """`--name value`, sorted by name. Lists arrive in Python's notation, dicts as `a=1,b=2`."""
    words: list[str] = []
    for name in sorted(hyperparameters):
        value = hyperparameters[name]
        if isinstance(value, dict):
            text = ",".join(f"{key}={item}" for key, item in sorted(value.items()))
        else:
            text = "" if value is None else str(value)
        words += [f"--{name}" if len(name) > 1 else f"-{name}", text]
    return words


@dataclasses.dataclass(frozen=True)
class Script:
    """A job's entry point with everything that its process is handed."""

    layout: Layout
    hyperparameters: Mapping[str, str]  # as requested
    input_data_config: Mapping[str, Mapping[str, str]]  # by channel
    resource_config: Mapping[str, Any]
    job_name: str
    region: str
    cpus: int

    @property
    def program(self) -> str:
        program = self._platform.get("sagemaker_program")
        if not program:
            raise ScriptModeError(
                "The hyperparameter sagemaker_program is missing: it names the script to run."
            )
        path = Path(str(program))
        if path.is_absolute() or ".." in path.parts or path.suffix != ".py":
            raise ScriptModeError(
                f"sagemaker_program is {str(program)!r}; it must be a .py file of the code archive."
            )
        return str(program)

    @property
    def submit_directory(self) -> str:
        directory = self._platform.get("sagemaker_submit_directory")
        if not directory:
            raise ScriptModeError(
                "The hyperparameter sagemaker_submit_directory is missing: it says where the "
                "code archive is."
            )
        return str(directory)

    @property
    def module_dir(self) -> str:
        directory = self.submit_directory
        if directory.startswith("s3://"):
            return directory
        try:
            return str(self.layout.local(directory))
        except ValueError:
            raise ScriptModeError(
                f"sagemaker_submit_directory is {directory!r}; it must be an s3:// address or a "
                f"path below {CONTAINER_BASE}."
            ) from None

    def check(self) -> None:
        """Raises ScriptModeError where the hyperparameters name no script or no code."""
        _ = self.program, self.module_dir

    @property
    def opening(self) -> str:
        return f"Invoking script with the following command: {' '.join(self.command())}"

    @property
    def working_directory(self) -> Path:
        return self.layout.code

    def command(self) -> list[str]:
        return [sys.executable, "--", self.program, *arguments(self._own)]

    def failure_text(self, exit_code: int, excerpts: Sequence[ErrorExcerpt]) -> str:
        """For `output/failure`, where the script itself left none."""
        return failure_message(exit_code, error_message(excerpts), self.command())

    def failure_reason(self, exit_code: int, text: str, length: int) -> str:
        suffix = ", exit code: 1"  # the toolkit's own, whatever the script's was
        return f"AlgorithmError: {text}"[: length - len(suffix)] + suffix

    def environment(self) -> dict[str, str]:
        """The variables that the toolkit sets for the script."""
        return {
            **{f"SM_{key}".upper(): _text(value) for key, value in self._variables().items()},
            "CURRENT_HOST": str(self.resource_config["current_host"]),
            "SAGEMAKER_REGION": self.region,
            "SAGEMAKER_JOB_NAME": str(self._platform.get("sagemaker_job_name", "")),
            "TRAINING_JOB_NAME": self.job_name,
            "PYTHONPATH": str(self.layout.code),
        }

    def unpack_code(self, archive: Path) -> None:
        """Unpack the code archive to where the script runs. Raises ScriptModeError."""
        unpack_code(archive, self.submit_directory, self.program, self.layout.code)

    @property
    def _decoded(self) -> dict[str, Any]:
        return decode(self.hyperparameters)

    @property
    def _platform(self) -> dict[str, Any]:
        return {k: v for k, v in self._decoded.items() if _is_platforms(k)}

    @property
    def _own(self) -> dict[str, Any]:
        return {k: v for k, v in self._decoded.items() if not _is_platforms(k)}

    def _variables(self) -> dict[str, Any]:
        facts, channels = self._facts(), self._channel_dirs()
        shared = {k: v for k, v in facts.items() if k not in _ONLY_IN_TRAINING_ENV}
        return {
            **shared,
            "hps": self._own,
            "framework_params": facts["additional_framework_parameters"],
            "channels": sorted(channels),
            "training_env": facts,
            "user_args": arguments(self._own),
            **{f"channel_{name}": path for name, path in channels.items()},
            **{f"hp_{name}": value for name, value in self._own.items()},
        }

    def _channel_dirs(self) -> dict[str, str]:
        return {name: str(self.layout.channel(name)) for name in self.input_data_config}

    def _facts(self) -> dict[str, Any]:
        layout, resources = self.layout, self.resource_config
        hosts, groups = resources["hosts"], resources["instance_groups"]
        return _ABSENT | {
            "additional_framework_parameters": {
                k: v for k, v in self._platform.items() if k not in _KNOWN_PLATFORM_NAMES
            },
            "channel_input_dirs": self._channel_dirs(),
            "current_host": resources["current_host"],
            "current_instance_group": resources["current_group_name"],
            "current_instance_group_hosts": groups[0]["hosts"],
            "current_instance_type": resources["current_instance_type"],
            "hosts": hosts,
            "hyperparameters": self._own,
            "input_config_dir": str(layout.config),
            "input_data_config": self.input_data_config,
            "input_dir": str(layout.base / "input"),
            "instance_groups": [group["instance_group_name"] for group in groups],
            "instance_groups_dict": {group["instance_group_name"]: group for group in groups},
            "is_master": resources["current_host"] == hosts[0],
            "job_name": self.job_name,
            "log_level": self._platform.get("sagemaker_container_log_level", 20),
            "master_hostname": hosts[0],
            "model_dir": str(layout.model),
            "module_dir": self.module_dir,
            "module_name": self.program.removesuffix(".py"),
            "network_interface_name": resources["network_interface_name"],
            "num_cpus": self.cpus,
            "output_data_dir": str(layout.output_data),
            "output_dir": str(layout.output),
            "output_intermediate_dir": str(layout.output / "intermediate"),
            "resource_config": resources,
            "user_entry_point": self.program,
        }


# What the toolkit says of a job without accelerators, MPI and model parallelism.
_ABSENT: dict[str, Any] = {
    "distribution_hosts": [],
    "distribution_instance_groups": [],
    "framework_module": None,
    "is_hetero": False,
    "is_modelparallel_enabled": None,
    "is_smddpmprun_installed": False,
    "is_smddprun_installed": False,
    "num_gpus": 0,
    "num_neurons": 0,
    "topology": [],
}
_ONLY_IN_TRAINING_ENV = {
    "additional_framework_parameters",
    "channel_input_dirs",
    "distribution_hosts",
    "hyperparameters",
    "is_master",
    "is_modelparallel_enabled",
    "is_smddpmprun_installed",
    "is_smddprun_installed",
    "job_name",
    "master_hostname",
    "topology",
}
_KNOWN_PLATFORM_NAMES = {
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_s3_output",
    _TUNING_OBJECTIVE,
}


def _is_platforms(name: str) -> bool:
    return name.startswith(_PREFIX) or name == _TUNING_OBJECTIVE


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def resource_config(instance_type: str, hosts: Sequence[str], host: str) -> dict[str, Any]:
    """`resourceconfig.json` of one of a job's hosts."""
    return {
        "current_host": host,
        "current_instance_type": instance_type,
        "current_group_name": INSTANCE_GROUP,
        "hosts": list(hosts),
        "instance_groups": [
            {
                "instance_group_name": INSTANCE_GROUP,
                "instance_type": instance_type,
                "hosts": list(hosts),
            }
        ],
        "network_interface_name": loopback_interface(),
    }


def loopback_interface() -> str:
    """`lo`, as Linux calls it, or `lo0`."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in names if name.startswith("lo")), "lo")


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))
