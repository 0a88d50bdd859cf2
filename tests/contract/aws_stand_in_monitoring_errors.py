"""Inputs that stand for the recorded errors of log groups, alarms and event rules."""

from typing import Any

LOG_GROUP, LOG_POLICY = "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
FILTER, ALARM = "aws:cloudwatch/logMetricFilter:LogMetricFilter", "aws:cloudwatch/metricAlarm:MetricAlarm"
EVENT_RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"

WATCH = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1,
    "metricName": "M",
    "namespace": "N",
    "period": 60,
    "statistic": "Sum",
    "threshold": 1,
}
EVERY_DAY = {"scheduleExpression": "rate(1 day)"}
TOPIC = "arn:aws:sns:us-east-1:123456789012:pre-topic1"

BEFORE_APPLY: dict[tuple[str, str], dict[str, Any]] = {
    (LOG_GROUP, "retentionInDays 13"): {"retentionInDays": 13},
    (LOG_GROUP, "name with a space"): {"name": "a b"},
    (LOG_GROUP, "name and namePrefix"): {"name": "x", "namePrefix": "y"},
    (FILTER, "missing metricTransformation"): {"logGroupName": "g", "pattern": "p"},
    (LOG_POLICY, "policyDocument not JSON"): {"policyName": "p", "policyDocument": "{"},
    (LOG_POLICY, "missing policyDocument"): {"policyName": "p"},
    (ALARM, "comparisonOperator not in list"): {**WATCH, "comparisonOperator": ">"},
    (ALARM, "statistic not in list"): {**WATCH, "statistic": "Mean"},
    (ALARM, "neither statistic nor extendedStatistic"): {name: WATCH[name] for name in WATCH if name != "statistic"},
    (ALARM, "period 45"): {**WATCH, "period": 45},
    (ALARM, "alarmActions not an ARN"): {**WATCH, "alarmActions": ["nope"]},
    (ALARM, "treatMissingData not in list"): {**WATCH, "treatMissingData": "no"},
    (EVENT_RULE, "neither scheduleExpression nor eventPattern"): {"name": "r"},
    (EVENT_RULE, "eventPattern not JSON"): {"eventPattern": "{"},
    (EVENT_RULE, "name with a space"): {**EVERY_DAY, "name": "a b"},
    (EVENT_RULE, "state not in list"): {**EVERY_DAY, "state": "ON"},
    (TARGET, "arn not an ARN"): {"rule": "r", "arn": "nope"},
    (TARGET, "input and inputPath"): {"rule": "r", "arn": TOPIC, "input": "{}", "inputPath": "$.detail"},
}

AT_APPLY: dict[tuple[str, str], dict[str, Any]] = {
    (LOG_GROUP, "duplicate name"): {"name": "/pre/lg1"},
    (EVENT_RULE, "scheduleExpression nonsense"): {"name": "ru-z", "scheduleExpression": "nonsense"},
}

NOT_TRIED = {
    (TARGET, "unknown rule"): "the Pulumi bridge names the target, which is in the text: tested below",
}
