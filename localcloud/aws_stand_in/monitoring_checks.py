"""Stand-in for pulumi-aws: which inputs of log groups, alarms and event rules the real provider refuses."""

import re
from collections.abc import Mapping

from .properties import Properties
from .rules import Failures, Rule, any_of, conflicts, each, no_arn, no_json, one_of, values_at
from .schema import snake

_RETENTION_DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545)
_RETENTION_YEARS = (731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
_AUTOMATION = r"^arn:[\w-]+:automate:[\w-]+:ec2:(reboot|recover|stop|terminate)$"


def _group_name(value: str, name: str) -> str | None:
    if re.fullmatch(r"[.\w/#-]*", value):
        return None
    allowed = "alphanumeric characters, underscores, hyphens, slashes, hash signs and dots are allowed"
    return f'"{name}" isn\'t a valid log group name ({allowed}): "{value}"'


def _rule_name(value: str, name: str) -> str | None:
    pattern = "^[0-9A-Za-z_.-]+$"
    return None if re.match(pattern, value) else f'"{name}" doesn\'t comply with restrictions ("{pattern}"): "{value}"'


def _period(inputs: Properties) -> Failures:
    for path, value in values_at(inputs, "period"):
        if value not in (10, 20, 30) and value % 60:
            yield path, f"expected period to be one of [10 20 30], got {value}"
            yield path, f"expected period to be divisible by 60, got: {value}"


def _statistic(inputs: Properties) -> Failures:
    if inputs.get("metricName") is not None and not {"statistic", "extendedStatistic"} & inputs.keys():
        yield "statistic", "One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm"


def _actions(path: str) -> Rule:
    def rule(inputs: Properties) -> Failures:
        for index, value in enumerate(inputs.get(path) or ()):
            for concrete, text in values_at({"value": value}, "value"):
                name = f"{snake(path)}.{index}"
                problem = no_arn(text, name)
                if problem is not None and concrete:
                    pattern = _AUTOMATION.replace("\\", "\\\\")
                    yield f"{path}[{index}]", problem
                    yield f"{path}[{index}]", f'"{name}" does not match EC2 automation ARN ("{pattern}"): "{text}"'

    return rule


MONITORING_RULES: Mapping[str, tuple[Rule, ...]] = {
    "aws:cloudwatch/logGroup:LogGroup": (
        one_of("retentionInDays", *_RETENTION_DAYS, *_RETENTION_YEARS),
        each("name", _group_name),
        conflicts("name", "namePrefix"),
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": (each("policyDocument", no_json),),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        one_of("comparisonOperator", *_COMPARISONS),
        one_of("statistic", "SampleCount", "Average", "Sum", "Minimum", "Maximum"),
        one_of("treatMissingData", "breaching", "ignore", "missing", "notBreaching"),
        _actions("alarmActions"),
        _actions("insufficientDataActions"),
        _actions("okActions"),
        _period,
        _statistic,
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        any_of("eventPattern", "scheduleExpression"),
        any_of("scheduleExpression", "eventPattern"),
        each("eventPattern", no_json),
        each("name", _rule_name),
        one_of("state", "ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (each("arn", no_arn), conflicts("input", "inputPath")),
}
