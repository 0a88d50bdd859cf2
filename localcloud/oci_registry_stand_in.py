"""A stand-in for the container registry from which `gitlab-runner fleeting install` fetches plugins.

Paths are those of the OCI Distribution Specification, manifests those that fleeting-artifact's pkg/client pushes: an
index with a manifest for each platform, whose layer with the plugin has an annotation of its own.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from functools import cache
from typing import Any

REPOSITORY = "gitlab-org/fleeting/plugins/aws"
_LAYER = "com.gitlab.fleeting.layer"
_MANIFEST, _INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"


def files(versions: Mapping[str, Mapping[str, bytes]]) -> dict[str, bytes]:
    """Everything that is served, by path; `versions` are the programs by version and architecture."""
    served: dict[str, bytes] = {}
    tags: dict[str, str] = {}
    for version, programs in versions.items():
        manifests = []
        for architecture, program in programs.items():
            layer = _blob(served, _packed(program))
            config = _blob(served, json.dumps({"architecture": architecture, "os": "linux"}).encode())
            manifest = {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
                "layers": [
                    {
                        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                        **layer,
                        "annotations": {_LAYER: version},
                    }
                ],
            }
            pushed = _manifest(served, manifest)
            platform = {"architecture": architecture, "os": "linux"}
            manifests.append({"mediaType": _MANIFEST, **pushed, "platform": platform})
        index = _manifest(served, {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests})
        major, minor, _ = version.split(".")
        for tag in (version, f"{major}.{minor}", major, "latest"):
            if tag not in tags or _numbers(version) > _numbers(tags[tag]):
                tags[tag] = version
                served[f"/v2/{REPOSITORY}/manifests/{tag}"] = served[f"/v2/{REPOSITORY}/manifests/{index['digest']}"]
    return served


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@cache
def _packed(program: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("plugin/plugin")
        member.size, member.mode = len(program), 0o755
        tar.addfile(member, io.BytesIO(program))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _blob(served: dict[str, bytes], content: bytes) -> dict[str, Any]:
    return _kept(served, "blobs", content)


def _manifest(served: dict[str, bytes], manifest: Mapping[str, Any]) -> dict[str, Any]:
    return _kept(served, "manifests", json.dumps(manifest).encode())


def _kept(served: dict[str, bytes], kind: str, content: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    served[f"/v2/{REPOSITORY}/{kind}/{digest}"] = content
    return {"digest": digest, "size": len(content)}
