"""A manager host stand-in with services that tests make."""

import json
import time
from collections.abc import Callable

from .booted_host import BootedHost


class Machine:
    """A manager host with services made for one test."""

    def __init__(self, booted_host: BootedHost, name: str) -> None:
        self.booted, self.name = booted_host, name

    def service(self, text: str, suffix: str = ".service") -> None:
        """Write the unit, or with another suffix a drop-in."""
        path = f"/etc/systemd/system/{self.name}{suffix}"
        assert self.booted.run(f"mkdir -p $(dirname {path}); cat > {path}", text.encode()).returncode == 0

    def sh(self, command: str) -> str:
        return self.booted.run(command).stdout.decode()

    def systemctl(self, verb: str, *options: str) -> tuple[int, str]:
        """The exit code, and what was printed on either stream."""
        result = self.booted.run(f"systemctl {verb} {' '.join(options)} {self.name} 2>&1")
        return result.returncode, result.stdout.decode().strip()

    def start(self) -> int:
        """Start the service and return its main process."""
        assert self.systemctl("start") == (0, "")
        return int(self.shown("MainPID"))

    def shown(self, name: str) -> str:
        return self.systemctl("show", "-p", name, "--value")[1]

    def lack_memory(self) -> None:
        """Have systemd hear that the kernel has killed a process of the service."""
        state = json.loads(self.sh(f"cat /run/systemctl-stand-in/{self.name}.service.json"))
        self.sh(f"kill -USR1 {state['Supervisor']}")

    def log(self) -> list[str]:
        return self.sh(f"cat /var/log/journal-stand-in/{self.name}.log").splitlines()

    def journal(self, *options: str) -> list[str]:
        """What journalctl prints of the unit."""
        result = self.booted.run(f"journalctl --no-pager -u {self.name} {' '.join(options)}")
        assert result.returncode == 0, result.stderr
        return result.stdout.decode().splitlines()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"{self.systemctl('status')[1]} {self.log()}"
            time.sleep(0.02)


def unit(command: str, *settings: str) -> str:
    lines = "\n".join(settings)
    return (
        f"[Unit]\nDescription=A test\n[Service]\nExecStart={command}\n{lines}\n[Install]\nWantedBy=multi-user.target\n"
    )


SLEEP = unit("/bin/sleep 1000")


def script(text: str) -> str:
    """ExecStart of a shell script, without the shell's own remarks on processes that signals end."""
    return f"/bin/sh -c 'exec 2>/dev/null; {text}'"
