"""What is told about the manager and its spot machines: alarms, and EC2's events in a log group."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from config_render import Alarms, Logs, partition

from . import aws, policies

_SPOT_EVENTS = ("EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation")
_MINUTE = 60
_FIVE_MINUTES = 300


@dataclass(frozen=True, kw_only=True)
class WatchArgs:
    """What a caller decides about a `Watch`."""

    region: str
    instance_id: pulumi.Input[str] | None
    """The manager; None for a host outside of the stack, which has no alarms."""

    alarms: Alarms | None
    logs: Logs | None
    tags: Mapping[str, str] = field(default_factory=dict)


class Watch(pulumi.ComponentResource):
    """Alarms for a topic, and a log group with what EC2 says of spot machines in the region."""

    log_group: pulumi.Output[str] | None = None
    """Name of the log group."""

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Watch", name, None, opts)
        self._name, self._args = name, args
        if args.alarms is not None and args.instance_id is not None:
            self._alarms(args.alarms, args.instance_id)
        if args.logs is not None:
            self._spot_events(args.logs)
        self.register_outputs({"log_group": self.log_group})

    def _alarms(self, alarms: Alarms, instance: pulumi.Input[str]) -> None:
        recover = f"arn:{partition(self._args.region)}:automate:{self._args.region}:ec2:recover"
        self._alarm(
            "recovery",
            instance,
            "The host of the manager is broken; AWS moves it to another one",
            ("StatusCheckFailed_System", "Maximum", 1, _MINUTE, 2),
            [recover, alarms.topic_arn],
        )
        self._alarm(
            "status",
            instance,
            "The manager does not answer EC2's status checks; its jobs and machines go on unattended",
            ("StatusCheckFailed", "Maximum", 1, _MINUTE, 5),
            [alarms.topic_arn],
        )
        self._alarm(
            "cpu",
            instance,
            "The manager is busy: machines and jobs start late; take a larger manager.instanceType",
            ("CPUUtilization", "Average", alarms.cpu_percent, _FIVE_MINUTES, 3),
            [alarms.topic_arn],
        )

    def _alarm(
        self,
        what: str,
        instance: pulumi.Input[str],
        description: str,
        measured: tuple[str, str, int, int, int],
        actions: list[str],
    ) -> None:
        metric, statistic, threshold, period, times = measured
        aws.MetricAlarm(
            f"{self._name}-{what}",
            alarm_description=description,
            namespace="AWS/EC2",
            metric_name=metric,
            dimensions={"InstanceId": instance},
            statistic=statistic,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=threshold,
            period=period,
            evaluation_periods=times,
            alarm_actions=actions,
            ok_actions=[self._args.alarms.topic_arn] if self._args.alarms else [],
            tags=dict(self._args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _spot_events(self, logs: Logs) -> None:
        # EC2's events carry no tags: those of the region's other spot machines are among them.
        child = pulumi.ResourceOptions(parent=self)
        group = aws.LogGroup(
            f"{self._name}-spot", retention_in_days=logs.retention_days, tags=dict(self._args.tags), opts=child
        )
        rule = aws.EventRule(
            f"{self._name}-spot",
            description="EC2 is about to take a spot machine back",
            event_pattern=json.dumps({"source": ["aws.ec2"], "detail-type": list(_SPOT_EVENTS)}),
            tags=dict(self._args.tags),
            opts=child,
        )
        allowed = aws.LogResourcePolicy(
            f"{self._name}-spot",
            policy_name=group.name,
            policy_document=pulumi.Output.all(group.arn, rule.arn).apply(
                lambda arns: json.dumps(policies.events_to_logs([arns[0]], [arns[1]]))
            ),
            opts=child,
        )
        aws.EventTarget(
            f"{self._name}-spot",
            rule=rule.name,
            arn=group.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        self.log_group = group.name
