"""`python -m tests.docs.on_manager FOLDER COMMANDS`: shell commands on the newest manager of a local cloud."""

import subprocess
import sys
from pathlib import Path

from localcloud import control
from localcloud.cloud import LocalCloud


def main() -> None:
    """Run them; the namespaces of the host are root's own, so there is no sudo."""
    folder, commands = sys.argv[1:]
    cloud = LocalCloud.running(Path(folder))
    if cloud is None:
        raise SystemExit(f"no local cloud runs in {folder}")
    *_, host = control.hosts(cloud).values()
    command = [*host.enter, "bash", "-ec", 'sudo() { "$@"; }\n' + commands]
    sys.exit(subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode)


if __name__ == "__main__":
    main()
