"""What GitLab shows of a job by itself, without a token: the reports of its artifacts.

Formats: https://docs.gitlab.com/ci/yaml/artifacts_reports/
"""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from planning.costs import Cost

from .bill import Bill
from .changes import Changes
from .policy import Verdict

_LINE = re.compile(r"^\s*(?P<file>[^:\s]+\.ya?ml):(?:(?P<line>\d+):)? (?P<text>.+)$", re.MULTILINE)


def terraform(changes: Changes) -> str:
    """Return how many resources come, change and go; one that is replaced goes and comes.

    https://docs.gitlab.com/user/infrastructure/iac/mr_integration/
    """
    counts = changes.counts
    comes = counts["create"] + counts["import"] + counts["replace"]
    return json.dumps({"create": comes, "update": counts["update"], "delete": counts["delete"] + counts["replace"]})


def codequality(changes: Changes, stack_file: PurePosixPath) -> str:
    """Return each error and warning, at its line of the stack file, whose path is the repository's.

    https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    """
    issues = []
    for severity, name in (("error", "critical"), ("warning", "minor")):
        for text in changes.of("error" if severity == "error" else "warning"):
            for file, line, message in _placed(text, stack_file):
                shown = f"{changes.stack}: {message}"
                issues.append(
                    {
                        "description": shown,
                        "check_name": f"preview-{severity}",
                        "fingerprint": hashlib.sha256(f"{file}\n{shown}".encode()).hexdigest(),
                        "severity": name,
                        "location": {"path": file, "lines": {"begin": line}},
                    }
                )
    return json.dumps(list({issue["fingerprint"]: issue for issue in issues}.values()), indent=2)


def _placed(text: str, stack_file: PurePosixPath) -> Iterator[tuple[str, int, str]]:
    """Take a message apart that names lines of stack files; any other is about the file as a whole."""
    found = list(_LINE.finditer(text))
    if not found:
        yield str(stack_file), 1, " ".join(text.split())
    for match in found:
        yield posixpath.normpath(stack_file.parent / match["file"]), int(match["line"] or 1), match["text"]


def metrics(changes: Changes, bill: Bill | None) -> str:
    """Return costs and the number of machines, before and after, as OpenMetrics text. What is unknown is left out.

    Where one of several prices is unknown, a cost has the label `at_least`.

    https://docs.gitlab.com/ci/testing/metrics_reports/
    """
    lines = []
    costs = () if bill is None else (("before", bill.before), ("after", bill.after))
    currency = "" if bill is None else f',currency="{bill.currency}"'
    worst = "If every machine that is allowed runs all the time, with the network."
    expected = "The manager, the machines that wait for jobs, and the network, at today's prices."
    for name, about, more in (
        ("machines_at_most", "Machines at a time, the manager included.", ""),
        ("worst_case_cost_per_month", worst, currency),
        ("expected_cost_per_month", expected, currency),
    ):
        samples = [
            f'gitlab_runner_aws_{name}{{stack="{_escaped(changes.stack)}",at="{at}"{more}{least}}} {round(value, 2)}'
            for at, each in costs
            if each is not None
            for value, least in (_amount(each, name),)
            if value is not None
        ]
        if samples:
            lines += [f"# HELP gitlab_runner_aws_{name} {about}", f"# TYPE gitlab_runner_aws_{name} gauge", *samples]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _amount(of: Cost, name: str) -> tuple[float | None, str]:
    if name == "machines_at_most":
        return of.most, ""
    amount = of.worst_per_month if name.startswith("worst") else of.expected_per_month
    return amount.value, ',at_least="true"' if amount.missing else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def junit(changes: Changes, verdicts: Sequence[Verdict]) -> str:
    """Return the preview itself and each policy as a test case.

    https://docs.gitlab.com/ci/testing/unit_test_reports/
    """
    suite = ET.Element("testsuite", name=f"preview of {changes.stack}")
    cases = [("the preview succeeds", list(changes.of("error")) or ["see the job's log"] if changes.failed else [])]
    cases += [(verdict.policy, _unless(verdict)) for verdict in verdicts]
    for name, reasons in cases:
        case = ET.SubElement(suite, "testcase", classname=changes.stack, name=name)
        if reasons:
            ET.SubElement(case, "failure", message=reasons[0].splitlines()[0]).text = "\n".join(reasons)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(bool(reasons) for _, reasons in cases)))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _unless(verdict: Verdict) -> list[str]:
    meant = f"If it is meant, put the label {verdict.label} on the merge request and run the job again."
    return [*verdict.reasons, meant] if verdict.fails else []
