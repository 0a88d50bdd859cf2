"""What tests need of stand-ins that no real program gives them on one machine; see tests/conftest.py."""

import pytest

MACHINES = pytest.mark.needs_stand_in(
    "docker-machine", because="as the real one waits for SSH and Docker on instances that are but entries of moto"
)
JOBS = pytest.mark.needs_stand_in(
    "gitlab-runner", "docker-machine", because="as real ones run jobs in a Docker that no instance of moto has"
)
VERSIONS = pytest.mark.needs_stand_in("gitlab-runner", because="of which there are several versions, and bad ones")
