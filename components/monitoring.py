"""What is told about the manager and its spot machines: alarms, and a log group for EC2's events and the journal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from config_render import Alarms, Logs, WatchSettings, partition

from . import aws
from .iam import policies

_SPOT_EVENTS = ("EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation")
_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class WatchArgs:
    """What a caller decides about a `Watch`."""

    region: str
    deployment: str
    """Value of the tag `gitlab-runner-aws`, by which the manager's own metrics are told from another one's."""

    instance_id: pulumi.Input[str] | None
    """The manager; None for a host outside of the stack, which has no alarms."""

    manager_role: pulumi.Input[str] | None
    """Name of the role that may get rights; None where it is not the stack's."""

    manager_user: pulumi.Input[str] | None
    """Name of the user that may get rights, where the manager has an access key."""

    iam_path: str
    alarms: Alarms | None
    logs: Logs | None
    passes: WatchSettings
    """What the manager itself measures, and how often."""

    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Threshold:
    """From which value of a metric an alarm fires."""

    metric: str
    statistic: str
    value: int
    period: int
    """In seconds."""
    times: int
    """How many periods in a row."""


class Watch(pulumi.ComponentResource):
    """Alarms for a topic, and a log group for what EC2 says of spot machines in the region and for the journal."""

    log_group: pulumi.Output[str] | None = None
    """Name of the log group."""

    journal_group: pulumi.Output[str] | None = None
    """Name of the log group that the manager ships its journal to."""

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Watch", name, None, opts)
        self._name, self._args = name, args
        measures = args.alarms is not None and args.passes.enabled
        if args.alarms is not None and args.instance_id is not None:
            self._alarms_of_instance(args.alarms, args.instance_id)
            if measures:
                self._alarms_of_machines(args.alarms)
        group_arn = None
        if args.logs is not None:
            group = self._spot_events(args.logs)
            if args.logs.journal:
                self.journal_group, group_arn = group.name, group.arn
        if measures or group_arn is not None:
            policy = pulumi.Output.from_input(group_arn).apply(
                lambda arn: json.dumps(policies.reports(arn, metrics=measures))
            )
            self._let_report(policy)
        self.register_outputs({"log_group": self.log_group})

    def _alarms_of_instance(self, alarms: Alarms, instance: pulumi.Input[str]) -> None:
        recover = f"arn:{partition(self._args.region)}:automate:{self._args.region}:ec2:recover"

        def alarm(what: str, description: str, threshold: _Threshold, *actions: str) -> None:
            self._alarm(what, description, threshold, "AWS/EC2", {"InstanceId": instance}, actions)

        alarm(
            "recovery",
            "The host of the manager is broken; AWS moves it to another one",
            _Threshold("StatusCheckFailed_System", "Maximum", 1, _MINUTE, 2),
            recover,
        )
        alarm(
            "status",
            "The manager does not answer EC2's status checks; its jobs and machines continue unattended",
            _Threshold("StatusCheckFailed", "Maximum", 1, _MINUTE, 5),
        )
        alarm(
            "cpu",
            "The manager is busy: machines and jobs start late; take a larger manager.instanceType",
            _Threshold("CPUUtilization", "Average", alarms.cpu_percent, 5 * _MINUTE, 3),
        )

    def _alarms_of_machines(self, alarms: Alarms) -> None:
        # CloudWatch takes whole minutes, and a period should hold a value of each pass.
        one_pass = _MINUTE * -(-self._args.passes.interval_seconds // _MINUTE)

        def alarm(what: str, description: str, threshold: _Threshold) -> None:
            self._alarm(what, description, threshold, policies.METRICS_NAMESPACE, {"Deployment": self._args.deployment})

        alarm(
            "memory",
            "The manager has little memory left: the kernel may end gitlab-runner; take a larger manager.instanceType",
            _Threshold("MemoryUsedPercent", "Average", alarms.memory_percent, 5 * _MINUTE, 3),
        )
        alarm(
            "error-machines",
            "docker-machine has machines in state Error that the watch does not get rid of; see its journal",
            _Threshold("MachinesInError", "Maximum", 1, one_pass, 3),
        )
        alarm(
            "spot-failures",
            "Machines can't be created: no spot capacity, or a quota is used up; see the journal of gitlab-runner",
            _Threshold("SpotFailures", "Sum", alarms.spot_failures, 10 * _MINUTE, 1),
        )
        alarm(
            "paused",
            "A pool makes no machines for a while, because too many creations failed",
            _Threshold("PoolsPaused", "Maximum", 1, one_pass, 1),
        )

    def _alarm(
        self,
        what: str,
        description: str,
        threshold: _Threshold,
        namespace: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        actions: Sequence[str] = (),
    ) -> None:
        topic = [self._args.alarms.topic_arn] if self._args.alarms else []
        aws.MetricAlarm(
            f"{self._name}-{what}",
            alarm_description=description,
            namespace=namespace,
            metric_name=threshold.metric,
            dimensions=dict(dimensions),
            statistic=threshold.statistic,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=threshold.value,
            period=threshold.period,
            evaluation_periods=threshold.times,
            alarm_actions=[*actions, *topic],
            ok_actions=topic,
            tags=dict(self._args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _spot_events(self, logs: Logs) -> "aws.LogGroup":
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
        return group

    def _let_report(self, policy: pulumi.Output[str]) -> None:
        """Give the manager the rights for its reports, where its role or user is the stack's."""
        name, child = f"{self._name}-reports", pulumi.ResourceOptions(parent=self)
        if self._args.manager_role is not None:
            aws.RolePolicy(name, role=self._args.manager_role, policy=policy, opts=child)
        elif self._args.manager_user is not None:
            made = aws.Policy(
                name,
                path=self._args.iam_path,
                description="What the manager of GitLab Runner may report to CloudWatch",
                policy=policy,
                tags=dict(self._args.tags),
                opts=child,
            )
            aws.UserPolicyAttachment(name, user=self._args.manager_user, policy_arn=made.arn, opts=child)
