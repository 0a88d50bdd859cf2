"""The plugin on the real engine, and SDKs generated from its schema."""

import json
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from tests.engine.conftest import cloud

from . import programs

__all__ = ["cloud"]


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the plugin."""
    return programs.plugin_folder(tmp_path_factory.mktemp("package") / "plugin")


@pytest.fixture(scope="session")
def schema(cloud: LocalCloud, plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with what `pulumi package get-schema` prints."""
    folder = tmp_path_factory.mktemp("schema")
    printed = programs.run([str(cloud.cli), "package", "get-schema", str(plugin)], folder, cloud.environment())
    assert json.loads(printed)["name"] == "gitlab-runner-aws"
    (folder / "schema.json").write_text(printed)
    return folder / "schema.json"


@pytest.fixture(scope="session")
def sdks(schema: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with generated SDKs: nodejs, go and python."""
    folder = tmp_path_factory.mktemp("sdks")
    programs.generated_sdks(schema, folder)
    return folder


@pytest.fixture(scope="session")
def languages(cloud: LocalCloud) -> LocalCloud:
    """The local cloud, whose engine also runs programs in TypeScript and YAML."""
    programs.bring_language_hosts(cloud)
    return cloud
