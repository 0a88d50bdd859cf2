"""What happens to a manager when something goes wrong in the middle of an `up`: `python -m tests.engine.faults`.

Each fault strikes while the steps of a changed deployment are run over real SSH; then they are run again without it.
"""

import re
import ssl
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from components.manager_tool.contract.constants import TARGET, WARNING
from components.manager_tool.executors.docker_machine.machines import MACHINES
from tests.contract.self_signed import self_signed
from tests.host.stepped_host import LIVE, SteppedHost, Wrap, copied, stepped

CUTTER = Path(__file__).parents[1] / "host" / "cut_short.py"
VERIFY = "/api/v4/runners/verify"
FILES = {"config.toml", "staged", ".runner_system_id"}
_SLOW_SECONDS = 3
_MOST_SECONDS = 10
_MOST_CHANGES = 200


def plain(command: str) -> str:
    return command


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that don't like its certificate."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@dataclass(frozen=True)
class Outcome:
    """One line of the table."""

    fault: str
    seen: str
    state: str
    rerun: str


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong while a changed deployment is being applied."""

    name: str
    present: Callable[[SteppedHost], AbstractContextManager[Wrap]]
    """Bring it about, and take it away at the end; gives a way to change the commands."""

    change: Callable[[SteppedHost, int], None] = lambda host, limit: host.pool.update(limit=limit)
    survives: bool = False
    """Whether the `up` succeeds all the same."""

    told: str = ""
    """Words that the person reads."""


def suffer(host: SteppedHost, fault: Fault, limit: int) -> Outcome:
    """Apply a change under a fault, then once more without; asserts that nothing was lost or left half done."""
    before, services = host.live(), host.services()
    fault.change(host, limit)
    host.pool["limit"] = limit
    with fault.present(host) as wrap:
        failed, printed = host.up(wrap)
    assert bool(failed) != fault.survives, printed
    assert "Traceback" not in printed
    assert fault.told in last_words(failed, printed)
    after = host.live()
    assert_intact(host)
    assert fault.survives or after in (before, ""), "neither the old file nor none"
    host_after_reboot = "rebooted" in fault.name
    again, printed_again = host.up()
    assert again == "", printed_again
    assert_intact(host)
    assert tomllib.loads(host.live())["runners"][0]["limit"] == limit
    assert host_after_reboot or host.services() == services, "the service was started anew"
    assert {*host.shell("ls -A /etc/gitlab-runner").split()} == FILES
    state = "the new config is live" if fault.survives else "the old config is live, the service runs"
    return Outcome(fault.name, last_words(failed, printed), state, "the new config is live")


def last_words(failed: str, printed: str) -> str:
    """What the person reads first: the line in which the step says what is wrong."""
    lines = [line for line in printed.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith((f"{failed}: ", "waiting", WARNING))]
    return (named or lines or ["nothing more: the connection ended"])[0][:250]


def assert_intact(host: SteppedHost) -> None:
    """No token is lost, no file is half written, and not two services run."""
    (runner,) = tomllib.loads(host.live())["runners"]
    assert runner["token"].startswith("glrt-good")
    assert host.shell(f"stat -c %a {LIVE}").strip() == "600"
    assert len(host.services()) == 1
    assert len({*host.managers()}) == 1


def cut(host: SteppedHost, signal_name: str, limit: int, stride: int = 1) -> Outcome:
    """Cut the steps short at each change that they make in turn; each begins with what the last one left behind."""
    copied(host, CUTTER, "/root/cut_short.py")
    before, cuts, live = host.live(), 0, False
    host.pool["limit"] = limit
    for count in range(1, _MOST_CHANGES, stride):
        failed, _ = host.up(lambda command, n=count: cutting(command, signal_name, n))  # type: ignore[misc]
        if not failed:
            break
        cuts += 1
        after = host.live()
        live = live or after != before
        if before:
            assert_intact(host)
            assert after == before or tomllib.loads(after)["runners"][0]["limit"] == limit
    else:
        raise AssertionError(f"not finished after {_MOST_CHANGES} changes")
    assert_intact(host)
    assert cuts > 0
    assert {*host.shell("ls -A /etc/gitlab-runner").split()} == FILES
    how = "the link is cut" if signal_name == "SIGHUP" else "the step is killed (kill -9)"
    return Outcome(
        f"{how} before each of its {cuts} changes in turn",
        "nothing more: the connection ended",
        "the old config is live, or the new one" if before else "nothing, or the new config",
        "continues from there; the new config is live",
    )


def cutting(command: str, signal_name: str, count: int) -> str:
    step = command.removeprefix(f"sudo -n {TARGET} ")
    return command if step == command else f"python3 /root/cut_short.py {signal_name} {count} {TARGET} {step}"


@contextmanager
def gitlab_answers(host: SteppedHost, **fault: object) -> Iterator[Wrap]:
    host.control("faults", {"path": VERIFY, "times": 9, **fault})
    yield plain
    host.gitlab.forget_faults()


def new_token(host: SteppedHost, limit: int) -> None:
    host.token = f"glrt-good{limit:016}"
    host.control("runners", {"token": host.token})


@contextmanager
def struck_while_gitlab_is_slow(host: SteppedHost, strike: Callable[[SteppedHost], None]) -> Iterator[Wrap]:
    """Strike while a step waits for GitLab."""
    host.control("faults", {"path": VERIFY, "delay": _SLOW_SECONDS})

    def wait_and_strike() -> None:
        deadline = time.monotonic() + _MOST_SECONDS
        while host.gitlab.faults_left and time.monotonic() < deadline:
            time.sleep(0.02)
        strike(host)

    striking = threading.Thread(target=wait_and_strike)
    striking.start()
    yield plain
    striking.join()
    host.gitlab.forget_faults()


def reboot(host: SteppedHost) -> None:
    """End every process, lose what is in /run, and start what starts at boot."""
    host.booted.run("kill -9 -1")
    host.shell("rm -rf /run/systemctl-stand-in /run/gitlab-runner-aws*; systemctl is-enabled -q gitlab-runner")
    host.shell("systemctl start gitlab-runner")


@contextmanager
def an_impatient_client(host: SteppedHost) -> Iterator[Wrap]:
    host.control("faults", {"path": VERIFY, "delay": _SLOW_SECONDS})
    host.patience = 1.0
    yield plain
    host.patience = None


@contextmanager
def a_full_disk(host: SteppedHost, folder: str) -> Iterator[Wrap]:
    host.shell(f"mount -o remount,size=8m {folder}; ! cat /dev/zero > {folder}/filler")
    yield plain
    host.shell(f"rm {folder}/filler; mount -o remount,size=1g {folder}")


@contextmanager
def downloads_from(host: SteppedHost, url: str, wrap: Wrap = plain) -> Iterator[Wrap]:
    host.manager = {"gitlabRunner": {"url": url, "version": "19.2.0"}}
    yield wrap
    host.manager = {}


@contextmanager
def a_wrong_checksum(host: SteppedHost) -> Iterator[Wrap]:
    for kind in ("amd64", "arm64"):
        host.mirror.corrupt(f"/gitlab-runner/v19.2.0/binaries/gitlab-runner-linux-{kind}")
    # What was downloaded and checked once is not asked for again.
    host.shell("find /usr/local/lib/gitlab-runner-programs -type f -delete")
    with downloads_from(host, f"{host.mirror.url}/gitlab-runner") as wrap:
        yield wrap


@contextmanager
def a_clock_that_is_off(host: SteppedHost) -> Iterator[Wrap]:
    """To a host whose clock is a week behind, this is what every certificate looks like."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = self_signed(Path(folder), datetime.now(UTC) + timedelta(days=7))
        copied(host, certificate, "/root/trusted.pem")
        server = _Quiet(("127.0.0.1", 0), SimpleHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"https://127.0.0.1:{server.server_address[1]}"
        with downloads_from(host, url, lambda command: f"export SSL_CERT_FILE=/root/trusted.pem; {command}") as wrap:
            yield wrap
        server.shutdown()
        server.server_close()


@contextmanager
def another_up(host: SteppedHost) -> Iterator[Wrap]:
    """The same steps, run from elsewhere at the same time."""
    other = replace(host, pool=dict(host.pool))
    ended: list[tuple[str, str]] = []
    running = threading.Thread(target=lambda: ended.append(other.up()))
    running.start()
    yield plain
    running.join()
    assert [failed for failed, _ in ended] == [""]


@contextmanager
def a_lock_left_behind(host: SteppedHost) -> Iterator[Wrap]:
    host.shell("echo 4711 > /run/gitlab-runner-aws.lock")
    yield plain


@contextmanager
def a_step_that_still_runs(host: SteppedHost) -> Iterator[Wrap]:
    """A step whose client is gone, and that the next one has to wait for."""
    holder = "import fcntl, time; f = open('/run/gitlab-runner-aws.lock', 'w'); fcntl.flock(f, 2); time.sleep(4)"
    host.shell(f'nohup python3 -c "{holder}" >/dev/null 2>&1 & sleep 0.5')
    yield plain


@contextmanager
def a_full_disk_at_an_upgrade(host: SteppedHost) -> Iterator[Wrap]:
    with downloads_from(host, f"{host.mirror.url}/gitlab-runner"), a_full_disk(host, "/usr/local/bin") as wrap:
        yield wrap


@contextmanager
def used_up_inodes(host: SteppedHost) -> Iterator[Wrap]:
    host.shell(
        "mount -o remount,nr_inodes=$(( $(df --output=iused /etc | tail -1) + 3 )) /etc; mkdir /etc/filler; "
        "! (cd /etc/filler && for n in $(seq 100); do : > $n || exit 1; done) 2>/dev/null"
    )
    yield plain
    host.shell("mount -o remount,nr_inodes=100000 /etc; rm -r /etc/filler")


@contextmanager
def a_read_only_folder(host: SteppedHost) -> Iterator[Wrap]:
    host.shell("mount -o remount,ro /etc")
    yield plain
    host.shell("mount -o remount,rw /etc")


@contextmanager
def a_missing_program(host: SteppedHost) -> Iterator[Wrap]:
    host.shell("mv /usr/local/bin/gitlab-runner /root/")
    yield plain
    host.shell("mv /root/gitlab-runner /usr/local/bin/")


@contextmanager
def a_deleted_folder(host: SteppedHost) -> Iterator[Wrap]:
    host.shell("rm -r /etc/gitlab-runner")
    yield plain


@contextmanager
def cut_off_files(host: SteppedHost) -> Iterator[Wrap]:
    host.shell("for file in /etc/gitlab-runner/staged/*.json; do truncate -s 5 $file; done")
    yield plain


@contextmanager
def little_memory(host: SteppedHost, kibibytes: int) -> Iterator[Wrap]:
    """As much as the tool takes to be loaded, and so many KiB more, or less."""
    folder = host.shell(f"dirname $(readlink -f {TARGET})").strip()
    load = f"import sys; sys.path[0] = '{folder}'; import manager_tool.program"
    loaded = host.shell(f"python3 -c \"{load}; print(open('/proc/self/status').read())\"")
    limit = int(re.findall(r"VmPeak:\s+(\d+)", loaded)[0]) + kibibytes
    yield lambda command: f"ulimit -v {limit}; {command}"


@contextmanager
def a_killed_child(host: SteppedHost) -> Iterator[Wrap]:
    """The kernel kills gitlab-runner when it is to judge the new file."""
    program = "/usr/local/bin/gitlab-runner"
    host.shell(f"mv {program} /root/; printf '#!/bin/sh\nkill -9 $$\n' > {program}; chmod 755 {program}")
    yield plain
    host.shell(f"mv /root/gitlab-runner {program}")


@contextmanager
def another_docker_machine(host: SteppedHost) -> Iterator[Wrap]:
    program = "/usr/local/bin/docker-machine"
    host.shell(f"cp {program} /root/; echo >> {program}")
    yield plain
    host.shell(f"mv /root/docker-machine {program}")


FAULTS = [
    Fault("out of memory: a step gets none", lambda host: little_memory(host, 1500), told="has no memory left"),
    Fault("out of memory: the tool can't be loaded", lambda host: little_memory(host, -3000), told="could not load"),
    Fault("out of memory: the kernel kills gitlab-runner's check", a_killed_child, told="(signal 9)"),
    Fault(
        "another docker-machine copied over the one that was installed",
        another_docker_machine,
        survives=True,
        told="manager.rerun",
    ),
    Fault("read-only: /etc", a_read_only_folder),
    Fault("inodes used up: /etc", used_up_inodes),
    Fault("program deleted: gitlab-runner", a_missing_program),
    Fault("folder deleted: /etc/gitlab-runner", a_deleted_folder, survives=True),
    Fault("files of the tool cut off", cut_off_files, survives=True),
    Fault("link cut while GitLab is asked", an_impatient_client),
    Fault("host rebooted mid-way", lambda host: struck_while_gitlab_is_slow(host, reboot)),
    Fault("disk full: /etc", lambda host: a_full_disk(host, "/etc")),
    Fault("disk full: /usr/local/bin, at an upgrade", a_full_disk_at_an_upgrade),
    Fault("GitLab refuses the runner (403)", lambda host: gitlab_answers(host, status=403)),
    Fault("GitLab refuses a new token (403)", lambda host: gitlab_answers(host, status=403), new_token),
    Fault("GitLab is broken (500), with a new token", lambda host: gitlab_answers(host, status=500), new_token),
    Fault("GitLab has gone (410), with a new token", lambda host: gitlab_answers(host, status=410), new_token),
    Fault("GitLab gives no answer, with a new token", lambda host: gitlab_answers(host, close=True), new_token),
    Fault("checksum wrong", a_wrong_checksum),
    Fault("download site gone", lambda host: downloads_from(host, "http://127.0.0.1:9/gitlab-runner")),
    Fault("clock off", a_clock_that_is_off),
    Fault("two ups at once", another_up, survives=True),
    Fault("lock file left behind", a_lock_left_behind, survives=True),
    Fault("a step of an earlier up still runs", a_step_that_still_runs, survives=True),
]


def many_machines(host: SteppedHost, count: int) -> Outcome:
    """End the life of a runner that has very many machines; asserts that none stays."""
    host.shell(
        "export HOME=/root; docker-machine create --driver none --url tcp://127.0.0.1:2376 runner-good-0; "
        f"cd {MACHINES}; for n in $(seq 1 {count - 1}); do cp -r runner-good-0 runner-good-$n; done; "
        # The stand-in for docker-machine takes its time, and this is about how many there are.
        "cat > /usr/local/bin/docker-machine; chmod 755 /usr/local/bin/docker-machine",
        f'#!/bin/sh\nfor name; do :; done\nexec rm -r "{MACHINES}/$name"\n'.encode(),
    )
    began = time.monotonic()
    code, printed = host.remove()
    assert code == 0, printed[-2000:]
    assert printed.count("removed machine runner-good-") == count, printed[-3000:]
    assert host.shell(f"ls {MACHINES}").split() == []
    assert host.managers() == []
    took = f"{count} machines removed in {time.monotonic() - began:.0f} s"
    return Outcome(f"{count} machines at a destroy", f"a line each; {took}", "nothing is left", "not needed")


def outcomes(host: SteppedHost) -> Iterator[Outcome]:
    """Bring all faults over a host on which nothing was done yet, one after the other."""
    yield cut(host, "SIGHUP", 10)
    yield cut(host, "SIGHUP", 11, stride=2)
    yield cut(host, "SIGKILL", 12, stride=4)
    for number, fault in enumerate(FAULTS):
        yield suffer(host, fault, 20 + number)
    yield many_machines(host, 5_000)


def main() -> int:
    """Print the table."""
    print("| fault | what the user sees | state after | rerun |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, stepped(Path(folder)) as host:
        for outcome in outcomes(host):
            print(f"| {outcome.fault} | {outcome.seen} | {outcome.state} | {outcome.rerun} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
