"""Stand-in for pulumi-aws: launch templates, of which a change of the content makes a new version."""

from typing import Any

from ..access import Access
from ..errors import unless_gone
from ..properties import Properties
from .base import Resource, present, retag, tag_map, tagged
from .launch_template_data import CONTENT, data, shown
from .roles import name_of


class LaunchTemplate(Resource):
    kind = "aws:ec2/launchTemplate:LaunchTemplate"
    carries_out = CONTENT | {"defaultVersion", "name", "namePrefix", "tags", "updateDefaultVersion"}

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        with self.doing(f"creating EC2 Launch Template ({name})"):
            answer = aws.client("ec2").create_launch_template(
                LaunchTemplateName=name,
                LaunchTemplateData=data(inputs),
                **present(VersionDescription=inputs.get("description")),
                **tagged("launch-template", inputs),
            )
        return str(answer["LaunchTemplate"]["LaunchTemplateId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        answer = unless_gone(lambda: ec2.describe_launch_templates(LaunchTemplateIds=[identity]))
        if answer is None or not answer["LaunchTemplates"]:
            return None
        template = answer["LaunchTemplates"][0]
        latest = str(template["LatestVersionNumber"])
        versions = ec2.describe_launch_template_versions(LaunchTemplateId=identity, Versions=[latest])
        version: dict[str, Any] = versions["LaunchTemplateVersions"][0]
        return {
            **shown(version["LaunchTemplateData"]),
            "arn": aws.arn("ec2", f"launch-template/{identity}"),
            "defaultVersion": template["DefaultVersionNumber"],
            "description": version.get("VersionDescription") or "",
            "latestVersion": template["LatestVersionNumber"],
            "name": template["LaunchTemplateName"],
            "namePrefix": known.get("namePrefix") or "",
            "tags": tag_map(template),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        ec2 = aws.client("ec2")
        default = news.get("defaultVersion")
        with self.doing(f"updating EC2 Launch Template ({identity})"):
            if _content(olds) != _content(news):
                answer = ec2.create_launch_template_version(
                    LaunchTemplateId=identity,
                    LaunchTemplateData=data(news),
                    **present(VersionDescription=news.get("description")),
                )
                if news.get("updateDefaultVersion"):
                    default = answer["LaunchTemplateVersion"]["VersionNumber"]
            elif news.get("updateDefaultVersion"):
                default = olds["latestVersion"]
            if default is not None and default != olds.get("defaultVersion"):
                ec2.modify_launch_template(LaunchTemplateId=identity, DefaultVersion=str(default))
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 Launch Template ({identity})"):
            aws.client("ec2").delete_launch_template(LaunchTemplateId=identity)


def _content(properties: Properties) -> tuple[dict[str, Any], str]:
    return data(properties), properties.get("description") or ""
