"""Stand-in for pulumi-command: texts as its Go libraries word them, because people search for those."""

import os
import re
import socket

_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}
_SIGNALS = {
    "ABRT": 6,
    "ALRM": 14,
    "FPE": 8,
    "HUP": 1,
    "ILL": 4,
    "INT": 2,
    "KILL": 9,
    "PIPE": 13,
    "QUIT": 3,
    "SEGV": 11,
    "TERM": 15,
}
"""Those of RFC 4254, section 6.10, that have the same number everywhere."""


def quote(text: str) -> str:
    """The text in double quotes, as `%q` prints it."""
    return '"' + re.sub(r'[\\"]|[^ -~]', lambda found: _escape(found[0]), text) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def dial_error(error: OSError, host: str, port: int) -> str:
    """What `net.Dial` says of a connection that could not be made."""
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(error, TimeoutError):
        return f"dial tcp {host}:{port}: i/o timeout"
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return f"dial tcp {host}:{port}: connect: {reason}"


def exit_error(status: int | None, signal: str | None) -> str:
    """What `golang.org/x/crypto/ssh` says of a command that did not end with status 0."""
    if signal is not None:
        return f"Process exited with status {128 + _SIGNALS.get(signal, 0)} from signal {signal}"
    if status is None:
        return "wait: remote command exited without exit status or exit signal"
    return f"Process exited with status {status}"
