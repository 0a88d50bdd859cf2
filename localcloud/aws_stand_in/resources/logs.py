"""Stand-in for pulumi-aws: CloudWatch Logs: log groups, metric filters and resource policies."""

from typing import Any

from ..access import Access
from ..errors import ProviderError, unless_gone
from ..properties import Properties
from ..same import normal_policy
from .base import Resource, present, tag_changes
from .roles import name_of


class LogGroup(Resource):
    kind = "aws:cloudwatch/logGroup:LogGroup"
    service = "CloudWatch Logs"
    carries_out = frozenset(
        {"kmsKeyId", "logGroupClass", "name", "namePrefix", "retentionInDays", "skipDestroy", "tags"}
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        with self.doing(f"creating CloudWatch Logs Log Group ({name})"):
            aws.client("logs").create_log_group(
                logGroupName=name,
                **present(
                    kmsKeyId=inputs.get("kmsKeyId"),
                    logGroupClass=inputs.get("logGroupClass"),
                    tags=inputs.get("tags") or None,
                ),
            )
        return name

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        if inputs.get("retentionInDays"):
            with self.doing(f"setting CloudWatch Logs Log Group ({identity}) retention policy"):
                days = inputs["retentionInDays"]
                aws.client("logs").put_retention_policy(logGroupName=identity, retentionInDays=days)

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        logs, arn = aws.client("logs"), aws.arn("logs", f"log-group:{identity}")
        found = logs.describe_log_groups(logGroupNamePrefix=identity)["logGroups"]
        group = next((group for group in found if group["logGroupName"] == identity), None)
        if group is None:
            return None
        return {
            "arn": arn,
            "kmsKeyId": group.get("kmsKeyId") or "",
            "logGroupClass": group.get("logGroupClass") or known.get("logGroupClass") or "",
            "name": identity,
            "namePrefix": known.get("namePrefix") or "",
            "retentionInDays": group.get("retentionInDays", 0),
            "tags": logs.list_tags_for_resource(resourceArn=arn)["tags"],
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        logs = aws.client("logs")
        if (news.get("kmsKeyId") or "") != (olds.get("kmsKeyId") or ""):
            raise ProviderError(
                f"updating CloudWatch Logs Log Group ({identity}): the emulated AWS can't change kmsKeyId of a log "
                "group that exists; replace the group with `pulumi up --replace`"
            )
        if news.get("retentionInDays"):
            self.finish(aws, identity, news)
        elif olds.get("retentionInDays"):
            with self.doing(f"deleting CloudWatch Logs Log Group ({identity}) retention policy"):
                logs.delete_retention_policy(logGroupName=identity)
        gone, changed = tag_changes(olds, news)
        with self.doing(f"updating tags for CloudWatch Logs resource ({identity})"):
            if gone:
                logs.untag_resource(resourceArn=olds["arn"], tagKeys=gone)
            if changed:
                logs.tag_resource(resourceArn=olds["arn"], tags=changed)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        if known.get("skipDestroy"):
            return
        with self.doing(f"deleting CloudWatch Logs Log Group ({identity})"):
            aws.client("logs").delete_log_group(logGroupName=identity)


class LogMetricFilter(Resource):
    kind = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    service = "CloudWatch Logs"
    carries_out = frozenset({"logGroupName", "metricTransformation", "name", "pattern"})

    def create(self, aws: Access, inputs: Properties) -> str:
        self._put(aws, inputs)
        return str(inputs["name"])

    def _put(self, aws: Access, inputs: Properties) -> None:
        wanted = inputs["metricTransformation"]
        default = wanted.get("defaultValue")
        transformation = present(
            metricName=wanted["name"],
            metricNamespace=wanted["namespace"],
            metricValue=wanted["value"],
            defaultValue=float(default) if default else None,
            dimensions=wanted.get("dimensions"),
            unit=wanted.get("unit"),
        )
        with self.doing(f"putting CloudWatch Logs Metric Filter ({inputs['name']})"):
            aws.client("logs").put_metric_filter(
                filterName=inputs["name"],
                filterPattern=inputs["pattern"].strip(),
                logGroupName=inputs["logGroupName"],
                metricTransformations=[transformation],
            )

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        group = known["logGroupName"]
        call = aws.client("logs").describe_metric_filters
        answer = unless_gone(lambda: call(filterNamePrefix=identity, logGroupName=group))
        for found in [] if answer is None else answer["metricFilters"]:
            if found["filterName"] == identity:
                transformation = found["metricTransformations"][0]
                return {
                    "logGroupName": group,
                    "metricTransformation": _transformation(transformation),
                    "name": identity,
                    "pattern": found["filterPattern"],
                }
        return None

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        # moto takes a second filter of the same name, and continues showing the first.
        self.delete(aws, identity, olds)
        self._put(aws, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting CloudWatch Logs Metric Filter ({identity})"):
            aws.client("logs").delete_metric_filter(filterName=identity, logGroupName=known["logGroupName"])


def _transformation(found: dict[str, Any]) -> Properties:
    default = found.get("defaultValue")
    return {
        "defaultValue": "" if default is None else f"{default:g}",
        "dimensions": found.get("dimensions") or None,
        "name": found["metricName"],
        "namespace": found["metricNamespace"],
        "unit": found.get("unit") or "None",
        "value": found["metricValue"],
    }


class LogResourcePolicy(Resource):
    kind = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
    service = "CloudWatch Logs"
    carries_out = frozenset({"policyDocument", "policyName"})

    def create(self, aws: Access, inputs: Properties) -> str:
        name = str(inputs["policyName"])
        self._put(aws, name, inputs)
        return name

    def _put(self, aws: Access, name: str, inputs: Properties) -> None:
        with self.doing(f"putting CloudWatch Logs Resource Policy ({name})"):
            aws.client("logs").put_resource_policy(policyName=name, policyDocument=inputs["policyDocument"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        for policy in aws.client("logs").describe_resource_policies()["resourcePolicies"]:
            if policy["policyName"] == identity:
                return {"policyDocument": normal_policy(policy["policyDocument"]), "policyName": identity}
        return None

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        self._put(aws, identity, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting CloudWatch Logs Resource Policy ({identity})"):
            aws.client("logs").delete_resource_policy(policyName=identity)
