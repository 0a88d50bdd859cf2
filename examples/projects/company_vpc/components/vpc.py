"""A VPC as the company has it everywhere."""

import pulumi
import pulumi_aws as aws


class CompanyVpc(pulumi.ComponentResource):
    """A VPC with one public subnet in each zone."""

    def __init__(self, name: str, region: str, zones: list[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("company:network:Vpc", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(name, cidr_block="10.20.0.0/16", enable_dns_hostnames=True, opts=child)
        way_out = aws.ec2.InternetGateway(name, vpc_id=vpc.id, opts=child)
        routes = aws.ec2.RouteTable(name, vpc_id=vpc.id, opts=child)
        aws.ec2.Route(
            name, route_table_id=routes.id, destination_cidr_block="0.0.0.0/0", gateway_id=way_out.id, opts=child
        )
        self.id = vpc.id
        self.subnets = {}
        for number, zone in enumerate(zones):
            subnet = aws.ec2.Subnet(
                f"{name}-{zone}",
                vpc_id=vpc.id,
                availability_zone=region + zone,
                cidr_block=f"10.20.{number}.0/24",
                opts=child,
            )
            aws.ec2.RouteTableAssociation(f"{name}-{zone}", subnet_id=subnet.id, route_table_id=routes.id, opts=child)
            self.subnets[zone] = subnet.id
        self.register_outputs({"id": self.id})
