"""Stand-in for pulumi-aws: CloudWatch metric alarms."""

from collections.abc import Mapping
from typing import Any

from ..access import Access
from ..properties import Properties
from .base import Resource, present, tag_changes, tag_list, tag_map

_TEXTS: Mapping[str, str] = {
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "extendedStatistic": "ExtendedStatistic",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "statistic": "Statistic",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
_NUMBERS: Mapping[str, str] = {
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "period": "Period",
    "threshold": "Threshold",
}
_ACTIONS: Mapping[str, str] = {
    "alarmActions": "AlarmActions",
    "insufficientDataActions": "InsufficientDataActions",
    "okActions": "OKActions",
}


class MetricAlarm(Resource):
    kind = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "CloudWatch"
    carries_out = frozenset(
        {"actionsEnabled", "dimensions", "metricQueries", "name", "tags", *_TEXTS, *_NUMBERS, *_ACTIONS}
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        tags = inputs.get("tags")
        self._put(aws, inputs, "creating", Tags=tag_list(tags) if tags else None)
        return str(inputs["name"])

    def _put(self, aws: Access, inputs: Properties, verb: str, **more: Any) -> None:
        given = {**_TEXTS, **_NUMBERS, **_ACTIONS}
        queries, dimensions = inputs.get("metricQueries"), inputs.get("dimensions")
        arguments = {parameter: inputs.get(name) for name, parameter in given.items()}
        # Left out, moto takes it as if nothing had been decided.
        arguments["TreatMissingData"] = inputs.get("treatMissingData") or "missing"
        with self.doing(f"{verb} CloudWatch Metric Alarm ({inputs['name']})"):
            aws.client("cloudwatch").put_metric_alarm(
                AlarmName=inputs["name"],
                ActionsEnabled=inputs.get("actionsEnabled", True),
                **present(
                    **arguments,
                    **more,
                    Dimensions=_dimensions(dimensions) if dimensions else None,
                    Metrics=[_query(query) for query in queries] if queries else None,
                ),
            )

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        cloudwatch = aws.client("cloudwatch")
        alarms = cloudwatch.describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        if not alarms:
            return None
        alarm = alarms[0]
        arn = alarm["AlarmArn"]
        return {
            "actionsEnabled": alarm["ActionsEnabled"],
            "arn": arn,
            "dimensions": _shown_dimensions(alarm) or None,
            "metricQueries": _ordered([_shown_query(query) for query in alarm.get("Metrics", ())], known),
            "name": identity,
            "tags": tag_map(cloudwatch.list_tags_for_resource(ResourceARN=arn)),
            **{name: alarm.get(parameter) or "" for name, parameter in _TEXTS.items()},
            **{name: alarm.get(parameter) or 0 for name, parameter in _NUMBERS.items()},
            **{name: alarm.get(parameter) or None for name, parameter in _ACTIONS.items()},
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        cloudwatch = aws.client("cloudwatch")
        self._put(aws, news, "updating")
        gone, changed = tag_changes(olds, news)
        with self.doing(f"updating tags for CloudWatch resource ({identity})"):
            if gone:
                cloudwatch.untag_resource(ResourceARN=olds["arn"], TagKeys=gone)
            if changed:
                cloudwatch.tag_resource(ResourceARN=olds["arn"], Tags=tag_list(changed))
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting CloudWatch Metric Alarm ({identity})"):
            aws.client("cloudwatch").delete_alarms(AlarmNames=[identity])


def _dimensions(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _shown_dimensions(answer: Mapping[str, Any]) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in answer.get("Dimensions", ())}


def _query(query: Properties) -> dict[str, Any]:
    metric = query.get("metric")
    stat = metric and {
        "Metric": present(
            MetricName=metric["metricName"],
            Namespace=metric.get("namespace"),
            Dimensions=_dimensions(metric.get("dimensions") or {}),
        ),
        **present(Period=metric["period"], Stat=metric["stat"], Unit=metric.get("unit")),
    }
    return present(
        Id=query["id"],
        Expression=query.get("expression"),
        Label=query.get("label"),
        MetricStat=stat,
        Period=query.get("period"),
        ReturnData=bool(query.get("returnData")),
    )


def _shown_query(query: Mapping[str, Any]) -> Properties:
    stat = query.get("MetricStat")
    metric = stat and {
        "dimensions": _shown_dimensions(stat["Metric"]) or None,
        "metricName": stat["Metric"].get("MetricName") or "",
        "namespace": stat["Metric"].get("Namespace") or "",
        "period": stat["Period"],
        "stat": stat["Stat"],
        "unit": stat.get("Unit") or "",
    }
    return {
        "accountId": "",
        "expression": query.get("Expression") or "",
        "id": query["Id"],
        "label": query.get("Label") or "",
        "metric": metric,
        "period": query.get("Period"),
        "returnData": bool(query.get("ReturnData")),
    }


def _ordered(queries: list[Properties], known: Properties) -> list[Properties]:
    """Their order has no meaning: that of the program, so that it is no difference."""
    order = [query.get("id") for query in known.get("metricQueries") or ()]
    return sorted(queries, key=lambda query: order.index(query["id"]) if query["id"] in order else len(order))
