"""Runs in prowler's own virtual environment: its checks against the AWS that the environment leads to, as JSON.

Prowler's command line imports the SDKs of twenty clouds (2.3 GB, 7 minutes to install) and reads every compliance
framework before the first check. The checks themselves need a tenth of that, so they are called here as prowler calls
them: set the provider, import the check's module, execute it.
"""

import importlib
import json
import logging
import sys
from typing import Any

from prowler.lib.check.utils import recover_checks_from_provider  # type: ignore[import-not-found]
from prowler.lib.logger import logger  # type: ignore[import-not-found]
from prowler.providers.aws.aws_provider import AwsProvider  # type: ignore[import-not-found]
from prowler.providers.common.models import Audit_Metadata  # type: ignore[import-not-found]
from prowler.providers.common.provider import Provider  # type: ignore[import-not-found]

_ELSEWHERE = {"ec2_elastic_ip_shodan"}
"""Checks that ask a service on the internet."""

_NO_ANSWER = ("ResponseParserError", "EndpointConnectionError", "An error occurred (500)")
"""How prowler logs a call that is counted as unanswered already."""


class _Errors(logging.Handler):
    """Keeps what prowler logs as an error, where it continues as if nothing had been found."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.module}: {record.getMessage()}"
        if not any(known in text for known in _NO_ANSWER):
            self.texts.append(text)


def _provider(region: str, checks: list[str], unanswered: set[str]) -> Any:
    provider = AwsProvider(regions={region}, retries_max_attempts=0)
    provider.audit_metadata = Audit_Metadata(
        services_scanned=0, expected_checks=checks, completed_checks=0, audit_progress=0
    )

    def answered(model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code >= 500:
            unanswered.add(f"{model.service_model.service_name}:{model.name}")

    def failed(event_name: str, **_: Any) -> None:
        unanswered.add(":".join(event_name.split(".")[1:]))

    events = provider.session.current_session.events
    events.register("after-call", answered)
    events.register("after-call-error", failed)
    return provider


def _name(finding: Any, account: str) -> str:
    """What the resource is called by people: its Name tag, else its id."""
    tags = finding.resource_tags
    named = tags if isinstance(tags, dict) else {tag.get("Key"): tag.get("Value") for tag in tags or []}
    name = str(named.get("Name") or finding.resource_id)
    return "account" if name == account else name


def main(region: str, services: set[str]) -> None:
    """Print `findings`, `unanswered` (API calls without an answer) and `broken` (what prowler could not do)."""
    errors, unanswered, findings = _Errors(), set[str](), []
    logger.handlers, logger.propagate = [errors], False
    checks = {name: module for name, module in recover_checks_from_provider("aws") if name not in _ELSEWHERE}
    provider = _provider(region, sorted(checks), unanswered)
    Provider.set_global_provider(provider)
    for name in sorted(checks):
        service = name.split("_")[0]
        if service not in services:
            continue
        check = getattr(importlib.import_module(f"prowler.providers.aws.services.{service}.{name}.{name}"), name)
        for finding in check().execute():
            resource = _name(finding, provider.identity.account)
            passed, text = finding.status == "PASS", finding.status_extended
            findings.append({"check": name, "resource": resource, "passed": passed, "text": text})
    json.dump({"findings": findings, "unanswered": sorted(unanswered), "broken": errors.texts}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
