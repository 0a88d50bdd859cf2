"""Registries of Amazon ECR that gitlab-runner pulls images from for jobs.

It reads ~/.docker/config.json at each pull, and runs the credential helper that this names for a registry. The helper
signs in by the instance profile. Source: helpers/docker/auth/auth.go of gitlab-runner 19.3.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ..host import ENVIRONMENT, STAGED, StepError, load, say, write
from .docker_engine import PATIENT, run_all, system

CONFIG = Path("/root/.docker/config.json")
PUT = STAGED / "registries.json"
"""The registries that were put into `CONFIG`; what else is in it is somebody else's."""
_HELPER = "ecr-login"
_PROGRAM = f"docker-credential-{_HELPER}"
_PACKAGE = "amazon-ecr-credential-helper"
_KEY = "credHelpers"
_WHY = "for images in Amazon ECR"


def configure(registries: list[str]) -> None:
    """Have the helper asked for these registries, and no longer for those of before. Raises `StepError`."""
    before = load(PUT).get("names", [])
    if not registries and not before:
        return
    if registries:
        _install_helper()
    content = load(CONFIG)
    helpers = content.get(_KEY)
    kept = {
        name: helper
        for name, helper in (helpers if isinstance(helpers, dict) else {}).items()
        if name not in before or helper != _HELPER
    }
    content[_KEY] = {**kept, **dict.fromkeys(registries, _HELPER)}
    if not content[_KEY]:
        del content[_KEY]
    # Before the file itself: what is in there and unknown here would stay for ever.
    write(PUT, json.dumps({"names": sorted({*before, *registries})}))
    if content:
        write(CONFIG, json.dumps(content, indent=2))
    else:
        CONFIG.unlink(missing_ok=True)
    write(PUT, json.dumps({"names": registries}))
    say(f"images are pulled from {', '.join(registries) or 'no registry of Amazon ECR any more'}")


def _install_helper() -> None:
    if shutil.which(_PROGRAM, path=ENVIRONMENT["PATH"]):
        return
    found = system()
    name = found.get("ID", "")
    if name in ("ubuntu", "debian"):
        install = ("apt-get", "install", "--yes", "--no-install-recommends", *PATIENT, _PACKAGE)
        run_all((("apt-get", "update", *PATIENT), install), _WHY)
    elif name == "amzn":
        run_all((("dnf", "install", "--assumeyes", _PACKAGE),), _WHY)
    else:
        raise StepError(
            f"{found.get('PRETTY_NAME', name)} has no package {_PACKAGE}; install {_PROGRAM} on this host, or name an "
            "image that has it in manager.ami, or leave out identity.ecr"
        )
