"""Sending one message to one target, and knowing whether it was taken.

apprise knows how each service wants to be spoken to. Two things it does not do are done at the one place that all its HTTP
plugins pass, `requests.Session.send`: only origins on the allow-list are called (no redirect, no proxy, bounded in time and size),
and the answer is read, since 企业微信, 钉钉 and 飞书 refuse with 200 and a number in the body.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.clock import elapsed
from engine.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest, Response, Session

CONNECT, READ = 5.0, 10.0
"""Seconds: to be connected, and between two pieces of an answer."""
WHOLE = 20_000_000
"""Microseconds for the whole answer."""
LONGEST = 65_536
"""Bytes of an answer that are read."""

_REFUSALS = ("errcode", "code", "StatusCode")  # 企业微信 and 钉钉; 飞书 new and old
_PORTS = {"http": 80, "https": 443, "smtp": 25, "smtps": 465}


class FileTarget:
    """A `Notifier` that adds one line to a file of this machine, and has it on the disk before it says so."""

    def __init__(self, path: str) -> None:
        """Take the file's path; it is made when there is none, for its owner alone."""
        self.path = path

    def send(self, key: str, text: str) -> str:
        """Add a JSON line with the key and the text."""
        line = json.dumps({"key": key, "text": text}, ensure_ascii=False) + "\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode(errors="replace"))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            return os.strerror(error.errno or 0)
        return ""


class ServiceTarget:
    """A `Notifier` over an address that apprise understands."""

    def __init__(self, address: str, allow: tuple[str, ...]) -> None:
        """Take the address; raises `Misused("bad_target")` when it cannot be read or leads to a mail server not allowed."""
        from apprise import Apprise

        self.allow = frozenset(_origin(one) for one in allow)
        self.scheme = urlsplit(address).scheme
        service = Apprise.instantiate(address, suppress_exceptions=True)
        if service is None:
            raise Misused("bad_target", scheme=self.scheme)
        self.service = service
        if self.scheme.startswith("mailto"):
            server: Any = service  # its own class, of which apprise says no more than that it notifies
            origin = f"{'smtps' if server.secure else 'smtp'}://{server.smtp_host}:{server.port or 0}"
            if origin not in self.allow:
                raise Misused("target_not_allowed", origin=origin)

    def send(self, key: str, text: str) -> str:
        """Send the text; a service is given the key as a header."""
        with _watched(self.allow, key) as seen:
            try:
                taken = bool(self.service.notify(body=text, title=""))
            except Exception as error:  # noqa: BLE001 - whatever a plugin trips over is a message that did not go
                return type(error).__name__
        return seen.fault if seen.fault or taken else "not taken"


class _Seen:
    fault = ""


@contextmanager
def _watched(allow: frozenset[str], key: str) -> Iterator[_Seen]:
    """Look at every request and its answer while a message is sent. One thread sends at a time."""
    import requests

    seen, send = _Seen(), requests.Session.send

    def watched(session: Session, request: PreparedRequest, **options: Any) -> Response:  # noqa: ANN401 - requests' own
        origin = _origin(request.url or "")
        if origin not in allow:
            seen.fault = f"not allowed: {origin}"
            raise requests.ConnectionError(seen.fault)
        request.headers["Idempotency-Key"] = key
        session.trust_env = False
        options |= {"stream": True, "allow_redirects": False, "proxies": {}, "timeout": (CONNECT, READ)}
        try:
            answer = send(session, request, **options)
            body = _body(answer)
        except (requests.RequestException, OSError) as error:
            seen.fault = type(error).__name__
            raise
        answer._content = body  # noqa: SLF001 - read here with an end in time and size; requests would read on
        seen.fault = _refusal(answer.status_code, body)
        return answer

    requests.Session.send = watched  # type: ignore[method-assign, assignment] # apprise has no hook; put back below
    try:
        yield seen
    finally:
        requests.Session.send = send  # type: ignore[method-assign] # as above


def _body(answer: Response) -> bytes:
    import requests

    until, body = elapsed() + WHOLE, b""
    for piece in answer.iter_content(4096):
        body += piece
        if len(body) > LONGEST or elapsed() > until:
            answer.close()
            raise requests.Timeout
    return body


def _refusal(status: int, body: bytes) -> str:
    """Return what an answer says went wrong, or ""."""
    if not 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls success
        return f"HTTP {status}"
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    for name in _REFUSALS if isinstance(found, dict) else ():
        if found.get(name, 0) not in (0, "0", 200):
            return f"{name} {found[name]}"[:80]
    return ""


def _origin(url: str) -> str:
    """Return scheme, host and port of a URL, the port written out."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"
