"""Stand-in for EC2's spot instance requests, for instances that were launched without asking for one by itself.

States and status codes: "Get the status of a Spot Instance request" in the EC2 User Guide.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.spot_requests import LaunchSpecification, SpotInstanceRequest

RECLAIMED = (
    "Server.SpotInstanceTermination",
    "Server.SpotInstanceTermination: Spot instance termination",
)


class SpotRequest(SpotInstanceRequest):
    """One request, which is as old as its instance."""

    def __init__(self, instance: Any, max_price: str, tags: dict[str, str]) -> None:
        """moto's own would launch an instance; so it is not called."""
        self.ec2_backend = instance.ec2_backend
        self.id = f"sir-{secrets.token_hex(4)}"
        self.instance = instance
        self.price = max_price
        self.launch_specification = LaunchSpecification(
            kernel_id=None,
            ramdisk_id=None,
            image_id=instance.image_id,
            key_name=instance.key_name,
            instance_type=instance.instance_type,
            placement=instance.placement.zone,
            monitored=instance.monitored,
            subnet_id=instance.subnet_id,
        )
        self.launched_availability_zone = instance.placement.zone
        self.launch_specification.groups = list(instance.security_groups)
        self.state, self._status_code, self.status_message = "active", "fulfilled", "Your spot request is fulfilled."
        self.type, self.instance_interruption_behaviour = "one-time", "terminate"
        self.valid_from = self.valid_until = self.launch_group = self.availability_zone_group = None
        self.user_data = self.spot_fleet_id = self.launch_spec = None
        self._made = datetime.now(UTC)
        self.add_tags(tags)

    @property
    def create_time(self) -> str:
        """When it was made, by EC2's format."""
        return f"{self._made:%Y-%m-%dT%H:%M:%S.000Z}"

    @property
    def status(self) -> dict[str, Any]:
        """The status, with a time of its own."""
        return {"Code": self._status_code, "Message": self.status_message, "UpdateTime": self.create_time}

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """What DescribeSpotInstanceRequests may be filtered by, beside tags."""
        known = {
            "instance-id": self.instance.id,
            "launched-availability-zone": self.launched_availability_zone,
            "launch.instance-type": self.instance.instance_type,
            "spot-instance-request-id": self.id,
            "state": self.state,
            "status-code": self._status_code,
        }
        return known[filter_name] if filter_name in known else super().get_filter_value(filter_name, method_name)

    def warn(self) -> None:
        """EC2 will take the instance back in two minutes."""
        self._status_code = "marked-for-termination"
        self.status_message = "The Spot Instance is marked for termination."

    def close(self, *, reclaimed: bool) -> None:
        """The instance is gone: taken back by EC2, or ended by its user."""
        self.state = "closed"
        self._status_code = "instance-terminated-no-capacity" if reclaimed else "instance-terminated-by-user"
        self.status_message = (
            "Your Spot instance was terminated because there is no Spot capacity available that matches your request."
            if reclaimed
            else "Spot Instance terminated due to user-initiated termination."
        )


def settle(ec2: Any) -> None:
    """Close the requests whose instances are gone."""
    for request in ec2.spot_instance_requests.values():
        if isinstance(request, SpotRequest) and request.state == "active" and request.instance.state == "terminated":
            request.close(reclaimed=request.instance.state_reason.code == RECLAIMED[0])
