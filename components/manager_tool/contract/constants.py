"""Names and marks that the program writes and the tool on the manager reads, or the other way round."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = "/usr/local/lib/gitlab-runner-aws"
"""Where the tool is on the manager."""
TARGET = f"{FOLDER}/manager-tool"
"""The tool there, as a program with its step as the argument."""
DEPLOYMENT = Path("/run/gitlab-runner-aws.lock")
"""The lock that each step of a deployment holds."""
END = "# end of config.toml"
"""The last line of a config.toml that arrived whole."""
WARNING = "warning: "
"""Begins each line that people have to read: Pulumi shows the others only while the step runs."""
SECRET = re.compile(r"<secret:([A-Za-z][A-Za-z0-9_]*)>")
"""What stands for a secret of that name, in config.toml and in what the manager is told of GitLab."""
