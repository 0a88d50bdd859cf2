"""`python -m tests.scanners`: deploy, scan, and tell in a few lines what was found."""

import tempfile
from pathlib import Path

from .deployments import REGION, SETTINGS, deployed
from .scanner import accepted, scan


def main() -> None:
    """Print a summary for each deployment."""
    for name in SETTINGS:
        with tempfile.TemporaryDirectory() as folder, deployed(name, Path(folder)) as cloud:
            print(f"{name}: {scan(cloud.addresses.aws, REGION).summary(accepted(name))}\n")


if __name__ == "__main__":
    main()
