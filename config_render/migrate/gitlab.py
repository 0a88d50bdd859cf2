"""The GitLab instance of all entries."""

import re
from collections.abc import Mapping, Sequence

from .findings import Findings
from .network import same
from .old_keys import pick, spelled

_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?")


def read_gitlab(entries: Sequence[Mapping[str, object]], at: Sequence[str], findings: Findings) -> dict[str, object]:
    """Return the setting `gitlab`, and ask for the url where there is none."""
    found: list[tuple[str, str]] = []
    for entry, entry_at in zip(entries, at, strict=True):
        place, url = f"{entry_at}.{spelled(entry, 'url')}", pick(entry, "url")
        if url is not None and not isinstance(url, str):
            findings.refuse(place, None, "must be text; put it in quotes")
        elif url:
            found.append((place, _url(url, place, findings)))
        else:
            findings.note(place, "missing")
    if not found:
        findings.want("gitlab.url", "https://gitlab.example.com", f"{at[0]}.url is missing")
        return {}
    same(findings, found, "url")
    place, url = found[0]
    if not _URL.fullmatch(url):
        findings.want("gitlab.url", "https://gitlab.example.com", f"{place} is not a valid address")
        return {}
    return {"url": url}


def _url(url: str, place: str, findings: Findings) -> str:
    # As gitlab-runner does: `fixCIURL` in network/client.go.
    bare = re.sub(r"//[^/@]*@", "//", url.strip())
    if bare != url.strip():
        findings.left_out(place, "the user in it: the runner signs in by its token")
    bare = bare.rstrip("/")
    cut = bare.removesuffix("/ci")
    if cut != bare:
        findings.note(place, "/ci at its end is left out, as gitlab-runner does")
    scheme, sep, rest = cut.rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{sep}{host.lower()}{slash}{path}"
