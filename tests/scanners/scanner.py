"""Prowler, a security scanner for AWS accounts, over what a local cloud's emulated account holds."""

import fnmatch
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.engine import cache_folder

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements.txt"
SERVICES = ("cloudwatch", "ec2", "iam", "s3", "vpc")
"""Prowler's names for what this project deploys; `ec2` and `vpc` are two there, and log groups are in `cloudwatch`."""


class ScannerError(Exception):
    """Prowler could not be installed or run; the text says why."""


@dataclass(frozen=True)
class Finding:
    """What one check says of one resource."""

    check: str
    resource: str
    """Its Name tag, else its id; `account` where the check is about the account as a whole."""

    passed: bool
    text: str

    def __str__(self) -> str:
        return f"{self.check} on {self.resource}: {self.text}"


@dataclass(frozen=True)
class Accepted:
    """A finding that is known and stays, with the reason."""

    check: str
    resource: str
    why: str

    def covers(self, finding: Finding) -> bool:
        """Whether check and resource fit; both may hold `*`."""
        return fnmatch.fnmatchcase(finding.check, self.check) and fnmatch.fnmatchcase(finding.resource, self.resource)


@dataclass(frozen=True)
class Scan:
    """All that one run of prowler said."""

    findings: list[Finding]
    unanswered: list[str]
    """Calls, as `service:Operation`, that the emulated AWS does not know: what hangs on them was not checked."""

    broken: list[str]
    """Errors of prowler's own; a check that ends in one looks as if it had passed."""

    def failed(self) -> list[Finding]:
        """What did not pass, accepted or not."""
        return [finding for finding in self.findings if not finding.passed]

    def not_accepted(self, accepted: list[Accepted]) -> list[Finding]:
        """What did not pass and is not covered by any of `accepted`."""
        return [finding for finding in self.failed() if not any(entry.covers(finding) for entry in accepted)]

    def summary(self, accepted: list[Accepted]) -> str:
        """A few lines for people."""
        refused = self.not_accepted(accepted)
        counts = Counter(finding.passed for finding in self.findings)
        return "\n".join(
            [
                f"{len({finding.check for finding in self.findings})} checks of prowler applied, "
                f"{len(self.findings)} results: {counts[True]} passed, "
                f"{counts[False] - len(refused)} accepted with a reason, {len(refused)} failed",
                f"not checked, for the emulated AWS does not answer: {', '.join(self.unanswered)}",
                *(f"FAILED {finding}" for finding in refused),
            ]
        )


def accepted(deployment: str) -> list[Accepted]:
    """The accepted findings of one deployment, and those that each has."""
    lists = yaml.safe_load((_HERE / "accepted.yaml").read_text())
    return [Accepted(**entry) for key in ("every deployment", deployment) for entry in lists[key]]


def unanswered() -> list[str]:
    """The calls that are known to be beyond the emulated AWS."""
    return list(yaml.safe_load((_HERE / "accepted.yaml").read_text())["unanswered"])


def scan(endpoint: str, region: str, services: tuple[str, ...] = SERVICES) -> Scan:
    """Run all checks of some services; raises `ScannerError`."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON"))}
    aws = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": region}
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    # -P: beside the script lie modules of ours that are none of prowler's business.
    command = [str(_installed() / "bin" / "python"), "-P", str(_HERE / "prowler_checks.py"), region, *services]
    done = subprocess.run(
        command, env={**inherited, **aws, **keys}, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise ScannerError(f"prowler failed:\n{done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout)
    findings = [Finding(**finding) for finding in said["findings"]]
    return Scan(findings, said["unanswered"], said["broken"])


def _installed() -> Path:
    """Prowler's own virtual environment, made at the first call: its pins are not those of this project."""
    key = _REQUIREMENTS.read_bytes() + sys.version.encode()
    home = cache_folder() / f"prowler-{hashlib.sha256(key).hexdigest()[:12]}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
            made = Path(scratch) / "venv"
            _install(made)
            try:
                made.rename(home)
            except OSError:
                if not home.exists():
                    raise
    return home


def _install(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(folder)],
        # Without dependencies: the file names those that the checks need, of the many that prowler declares.
        [*pip, "--no-deps", "--no-compile", "--requirement", str(_REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise ScannerError(
                f"prowler could not be installed from {_REQUIREMENTS.relative_to(_HERE.parent.parent)}:\n"
                f"{done.stdout}{done.stderr}"
                "pip must reach its package index, as it is configured on this machine, for the first scan."
            )
