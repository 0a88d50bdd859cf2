"""What tests of `review` share."""

import ssl

import pytest


@pytest.fixture(autouse=True)
def no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the machine's authorities unread, 40 ms of a processor for each client: no test here meets one of them."""
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
