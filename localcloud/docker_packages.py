"""A stand-in for Docker's site of packages, laid out like it as far as the stand-ins for apt-get and dnf look at it."""

from collections.abc import Iterator, Sequence

KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawWNdxYJKwYBBAHaRw8BAQdAkkGPaO37WI6aIToN9KmXGcX7OBInzUMTsSVa
325pZNm0BmEgdGVzdIiQBBMWCAA4FiEEJlrzhwhr0IxtDsr6m9ZnguOn4HIFAmsF
jXcCGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQm9ZnguOn4HKgoQD/bFOp
S1lxzdRBb8BsGIVAykrlcN2fPi/FkohHqcTiBbgBAI6kgmiqDYr+9sC4uIul3Mw1
wJ3vrbw5/jQEpcChcucO
=73ve
-----END PGP PUBLIC KEY BLOCK-----
"""
"""A throw-away key; nothing is signed with it."""

FINGERPRINT = "265AF387086BD08C6D0ECAFA9BD66782E3A7E072"
"""What gpg says of that key."""

_CONTAINERD = "1.7.27"
_DEBIAN = (("debian", "12", "bookworm"), ("ubuntu", "24.04", "noble"))
_RPM = ("rhel", "centos")


def files(versions: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the site's files by their paths, for these versions of Docker Engine."""
    for system, number, codename in _DEBIAN:
        yield f"/linux/{system}/gpg", KEY.encode()
        suffix = f"-1~{system}.{number}~{codename}"
        entries = [(name, f"5:{version}{suffix}") for version in versions for name in ("docker-ce", "docker-ce-cli")]
        entries.append(("containerd.io", f"{_CONTAINERD}-1"))
        text = "\n".join(f"Package: {name}\nVersion: {version}\n" for name, version in entries)
        for architecture in ("amd64", "arm64"):
            path = f"/linux/{system}/dists/{codename}/stable/binary-{architecture}/Packages"
            yield path, text.encode()
    for system in _RPM:
        yield f"/linux/{system}/gpg", KEY.encode()
        packages = [(name, version) for version in versions for name in ("docker-ce", "docker-ce-cli")]
        listed = "".join(
            f'<package><name>{name}</name><version ver="{version}" rel="1.el9"/></package>'
            for name, version in [*packages, ("containerd.io", _CONTAINERD)]
        )
        for architecture in ("x86_64", "aarch64"):
            base = f"/linux/{system}/9/{architecture}/stable/repodata"
            yield f"{base}/repomd.xml", b'<repomd><data><location href="repodata/primary.xml"/></data></repomd>'
            yield f"{base}/primary.xml", f"<metadata>{listed}</metadata>".encode()
