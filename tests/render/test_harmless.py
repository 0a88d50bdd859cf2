"""Which keys a change by hand is shown with: none whose value may be a secret."""

from pathlib import Path

import pytest

from components.manager_tool.config import harmless
from config_render.render.harmless import as_module, harmless_keys, harmless_options

ROOT = Path(__file__).parents[2]


def test_the_manager_is_given_what_is_made_of_the_models() -> None:
    assert Path(harmless.__file__).read_text() == as_module(), "run: make schema"


@pytest.mark.parametrize(
    "key",
    [
        *("runners.token", "runners.url", "runners.clone_url", "runners.environment", "runners.pre_build_script"),
        *("runners.docker.hostname", "runners.docker.extra_hosts", "runners.docker.services.command"),
        *("runners.docker.services.environment", "runners.cache.s3.AccessKey", "runners.cache.s3.SecretKey"),
        *("runners.cache.gcs.PrivateKey", "runners.cache.azure.AccountKey", "runners.machine.MachineOptions"),
        *("runners.ssh.password", "runners.docker.sysctls", "runners.docker.tmpfs", "runners.docker.container_labels"),
        *("runners.autoscaler.instance_ready_command", "runners.autoscaler.connector_config.password"),
        *("runners.autoscaler.plugin_config.credentials_file", "runners.autoscaler.plugin_config"),
    ],
)
def test_keys_that_may_hold_a_secret_are_hidden(key: str) -> None:
    assert key not in harmless_keys()


def test_numbers_switches_and_choices_are_shown() -> None:
    shown = {"concurrent", "runners.limit", "runners.docker.privileged", "runners.machine.IdleCount", "log_level"}
    assert shown <= {*harmless_keys()}
    workers = {"max_instances", "plugin", "plugin_config.name", "policy.periods", "connector_config.key_path"}
    assert {f"runners.autoscaler.{key}" for key in workers} <= {*harmless_keys()}
    assert "runners.feature_flags." in harmless_keys()
    assert {"amazonec2-root-size", "amazonec2-instance-type"} <= {*harmless_options()}
    assert not any(word in option for option in harmless_options() for word in ("secret", "key", "userdata", "env"))
