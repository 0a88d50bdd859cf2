"""What IAM decides about a request: npm's iam-simulate, which knows conditions and which key goes with which resource.

iam-simulate comes from npm, in the versions of `package-lock.json`.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from components.iam.policies import Policy

from .. import npm
from .variants import ACCOUNT

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Request:
    """One thing that a call asks of IAM: EC2 asks once for each resource that a call touches."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    principal: str


class Evaluator:
    """A running iam-simulate."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answers: dict[str, dict[str, Any]] = {}

    def allows(self, policy: Policy | None, request: Request, resource_policy: Policy | None = None) -> bool:
        """Return whether IAM would allow it; a context key that EC2 does not send with it is an error."""
        question = {
            "policy": policy and _about(policy, request.action),
            "resourcePolicy": resource_policy or (_key_policy(request) if ":kms:" in request.resource else None),
            "principal": request.principal,
            "account": ACCOUNT,
            "action": request.action,
            "resource": request.resource,
            "context": request.context,
        }
        line = json.dumps(question)
        if request.principal.endswith(".amazonaws.com.cn"):
            # iam-simulate knows services by the end of their names, and does not know China's.
            line = line.replace(".amazonaws.com.cn", ".cn.amazonaws.com")
        # It looks for a key with the service that its name begins with; this one AWS lists with ec2-instance-connect.
        line = line.replace('"ec2:osuser"', '"ec2:ResourceTag/osuser"')
        answer = self._answers.get(line) or self._answers.setdefault(line, self._ask(line))
        assert "error" not in answer, f"{request}: {answer['error']}"
        assert not answer["ignored"], f"{request}: AWS does not send {answer['ignored']} with it"
        return bool(answer["decision"] == "Allowed")

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _about(policy: Policy, action: str) -> Policy:
    """The statements that can decide this action: half of the time goes into reading the others."""
    about = [
        each for each in policy["Statement"] if any(fnmatchcase(action, other) for other in _listed(each["Action"]))
    ]
    return {**policy, "Statement": about or policy["Statement"]}


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def _key_policy(request: Request) -> Policy:
    """The default policy of a KMS key: IAM policies of the key's account decide."""
    root = ":".join([*request.principal.split(":")[:5], "root"])
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}],
    }


@contextmanager
def running() -> Iterator[Evaluator]:
    """Start an evaluator, installing it at the first time."""
    command = [npm.NODE, _HERE / "evaluate.mjs", npm.installed(_HERE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Evaluator(process)
        process.terminate()
