"""Finding, fetching and listing fleeting plugins: pkg/installer, pkg/client and pkg/version of fleeting-artifact.

Not supported here, though by the real program: references by digest, and prereleases of versions.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ..private_files import write_private
from ..program_stamp import stamp

DEFAULT_REGISTRY = "registry.gitlab.com"
_NAMESPACE = "gitlab-org/fleeting/plugins"
_LAYER = "com.gitlab.fleeting.layer"
_ACCEPTED = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
_ELSEWHERE = Path("/run/gitlab-runner-stand-in-registry")
"""Holds the URL of what stands in for the default registry, which can't be had in a local cloud."""
_VERSION = re.compile(r"\d+\.\d+\.\d+")

Reference = tuple[str, str, str]
"""Registry, repository and constraint."""


class PluginUnavailableError(Exception):
    """A plugin that can't be found or fetched; the text is the real program's."""


class PluginNotFoundError(PluginUnavailableError):
    """It is not installed."""


def folder() -> Path:
    """Where plugins are installed."""
    given = os.environ.get("FLEETING_PLUGIN_PATH")
    # Without HOME, as in a service, it is relative to the working directory.
    return Path(given) if given else Path(os.environ.get("HOME") or "") / ".config" / "fleeting" / "plugins"


def look_up(address: str) -> Path:
    """The program of a plugin: the newest installed version that fits. Raises `PluginUnavailableError`."""
    local = _local(address)
    if local is not None:
        return local
    registry, repository, constraint = _reference(address)
    wanted = _constraint(constraint)
    plugin = folder() / _escaped(f"{registry}/{repository}")
    if not plugin.is_dir():
        raise PluginNotFoundError(f"plugin not found: lstat {plugin}: no such file or directory")
    # Folders at any depth, and a version without its file is taken, too.
    found = {each.name for each in plugin.rglob("*") if each.is_dir() and _VERSION.fullmatch(each.name)}
    fitting = sorted(version for version in map(_numbers, found) if version[: len(wanted)] == wanted)
    if not fitting:
        raise PluginNotFoundError(f"plugin not found: {plugin}")
    return plugin / ".".join(map(str, fitting[-1])) / "plugin"


def install(address: str) -> None:
    """Fetch a plugin for this machine, unless that version is there. Raises `PluginUnavailableError`."""
    if _local(address) is not None:
        return
    registry, repository, tag = _reference(address)
    source = _Repository(registry, repository)
    index = source.manifest(tag or "latest")
    fitting = [
        each["digest"]
        for each in index.get("manifests", ())
        if (each["platform"]["os"], each["platform"]["architecture"]) == ("linux", stamp()["architecture"])
    ]
    if not fitting:
        raise PluginUnavailableError("getting image: didn't find an image matching platform")
    layers = [each for each in source.manifest(fitting[0])["layers"] if _LAYER in each.get("annotations", {})]
    if not layers:
        raise PluginUnavailableError("fleeting artifact layer not found")
    version = layers[0]["annotations"][_LAYER]
    target = folder() / _escaped(f"{registry}/{repository}") / version
    if not target.exists():
        _unpack(source.blob(layers[0]["digest"]), target)


def log_in(registry: str, user: str, password: str) -> Path:
    """Keep credentials for a registry where Docker keeps them, and return that file."""
    path = Path(os.environ.get("DOCKER_CONFIG") or Path(os.environ.get("HOME") or "/") / ".docker") / "config.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    config.setdefault("auths", {})[registry or DEFAULT_REGISTRY] = {"auth": encoded}
    write_private(path, json.dumps(config, indent="\t"))
    return path


def _local(address: str) -> Path | None:
    if address and os.path.exists(address):
        return Path(os.path.abspath(address))
    if not re.search(r"[/:]", address) and address.startswith("fleeting-plugin-"):
        found = shutil.which(address)
        return Path(found) if found else None
    return None


def _reference(address: str) -> Reference:
    parts = address.split("/")
    if len(parts) == 1:
        address = f"{DEFAULT_REGISTRY}/{_NAMESPACE}/{address}"
    elif "." not in parts[0]:
        address = f"{DEFAULT_REGISTRY}/{address}"
    registry, _, rest = address.partition("/")
    repository, _, tag = rest.partition(":")
    if not re.fullmatch(r"[a-z0-9._/-]+", repository) or not re.fullmatch(r"[\w.-]*", tag):
        raise PluginUnavailableError(f"parsing reference: could not parse reference: {address}")
    return registry, repository, tag


def _constraint(text: str) -> tuple[int, ...]:
    if text in ("", "latest"):
        return ()
    parts = text.split(".", 2)
    for part in parts:
        if not re.fullmatch(r"-?\d+", part):
            cause = f'strconv.ParseInt: parsing "{part}": invalid syntax'
            raise PluginUnavailableError(
                f'parsing constraint: invalid semantic version: part "{part}" invalid: {cause}'
            )
    return tuple(map(int, parts))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _escaped(path: str) -> str:
    """As Go's module.EscapePath: capitals with an exclamation mark; a port is no part of a path."""
    unfit = re.search(r"[^A-Za-z0-9._~/+-]", path)
    if unfit:
        raise PluginUnavailableError(
            f"escaping plugin path: malformed module path {json.dumps(path)}: invalid char '{unfit[0]}'"
        )
    return re.sub(r"[A-Z]", lambda letter: f"!{letter[0].lower()}", path)


def _unpack(archive: bytes, target: Path) -> None:
    folder().mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder()))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                name = member.name
                if name.startswith("Files/"):
                    name = name[len("Files/") :]
                content = tar.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                if not name.startswith("plugin"):
                    raise PluginUnavailableError("file in archive was not in 'plugin' dir")
                file = scratch / Path(name).name
                file.write_bytes(content.read())
                file.chmod(member.mode)
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Repository:
    """A repository of an OCI registry."""

    def __init__(self, registry: str, repository: str) -> None:
        base = f"https://{registry}"
        if registry == DEFAULT_REGISTRY and _ELSEWHERE.exists():
            base = _ELSEWHERE.read_text(encoding="utf-8").strip()
        self._url = f"{base}/v2/{repository}"

    def manifest(self, reference: str) -> dict[str, Any]:
        """An index or a manifest."""
        found: dict[str, Any] = json.loads(self._get(f"manifests/{reference}"))
        return found

    def blob(self, digest: str) -> bytes:
        """A layer."""
        return self._get(f"blobs/{digest}")

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(f"{self._url}/{path}", headers={"Accept": _ACCEPTED})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            text = f"GET {request.full_url}: unexpected status code {error.code} {error.reason}"
            raise PluginUnavailableError(f"getting image: fetching index: {text}") from None
        except OSError as error:
            raise PluginUnavailableError(f'getting image: fetching index: Get "{request.full_url}": {error}') from None
