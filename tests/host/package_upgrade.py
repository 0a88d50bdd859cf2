"""What gitlab-runner's own package does on a host on which it is installed or upgraded.

Source: packaging/scripts and packaging/root/usr/share/gitlab-runner (`pre-remove`, `post-install`) of gitlab-runner
19.3. APT runs them without /usr/local/bin in PATH (DPkg::Path in apt.conf(5)), so that `gitlab-runner` there is the
package's own program.
"""

from .stepped_host import SteppedHost

FOLDER = "/opt/package/usr/bin"
"""In the place of /usr/bin, which is that of the machine that runs the tests."""

_REMOVE = "gitlab-runner stop >/dev/null 2>&1 || :; gitlab-runner uninstall >/dev/null 2>&1 || :"
_INSTALL = f"""
if gitlab-runner status --service=gitlab-runner; then {_REMOVE}; fi
{_REMOVE}
gitlab-runner install --user=gitlab-runner --working-directory=/home/gitlab-runner
gitlab-runner start || :
"""


def installed(host: SteppedHost, version: str) -> None:
    """Install or upgrade the package; with the former one's script first, as dpkg does."""
    host.shell(f"mkdir -p {FOLDER} /home/gitlab-runner")
    # systemctl is in /usr/bin on a real host, not beside what was installed by hand.
    host.shell(f"ln -sf $(command -v systemctl) $(command -v python3) {FOLDER}")
    if host.booted.run(f"test -e {FOLDER}/gitlab-runner").returncode == 0:
        removed(host)
    download(host, version, f"{FOLDER}/gitlab-runner")
    host.shell(f"set -e; PATH={FOLDER}:/usr/sbin:/usr/bin:/sbin:/bin; export PATH; {_INSTALL}")


def removed(host: SteppedHost) -> None:
    """Remove the package."""
    host.shell(f"PATH={FOLDER}:/usr/sbin:/usr/bin:/sbin:/bin; export PATH; {_REMOVE}; rm {FOLDER}/gitlab-runner")


def download(host: SteppedHost, version: str, to: str) -> None:
    """Put a version of gitlab-runner where somebody wants it, by renaming, as one that runs can't be written to."""
    url = f"{host.mirror.url}/gitlab-runner/v{version}/binaries/gitlab-runner-linux-amd64"
    host.shell(f"curl -sf {url} -o {to}.new && chmod 755 {to}.new && mv {to}.new {to}")
