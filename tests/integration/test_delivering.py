"""Notices on their way out: over a server that refuses, hangs, is gone, answers in vain, and under a carrier that is killed."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from engine.delivery import WAITS
from engine.notice import RELEASED, SENT, Notice
from engine.policy import PolicyShelf
from interfaces import outward
from interfaces.channels import EVERYBODY, Channels, Target
from interfaces.delivering import Carrier
from interfaces.outward import FileTarget, ServiceTarget
from storage.creation import create
from storage.memory import MemoryStore
from storage.sqlite import open_store
from workflows.labels import Titles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.ports import Notifier, Store

AT = 1_683_500_000_000_000
NO_TITLES = Titles({}, {}, {}, {})


class Service(ThreadingHTTPServer):
    """Takes messages and answers as the test has it."""

    daemon_threads = True
    answer: tuple[int, str] = (200, '{"errcode": 0}')
    hang: threading.Event | None = None
    location = ""

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[str, str]] = []

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append((self.headers["Idempotency-Key"], body["message"]))
        if self.server.hang:
            self.server.hang.wait(20)
        status, text = self.server.answer
        self.send_response(status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="service")
def _service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    if server.hang:
        server.hang.set()
    server.shutdown()
    thread.join()
    server.server_close()


def target(service: Service, *allow: str) -> ServiceTarget:
    """Return a target at the service."""
    return ServiceTarget(f"json://127.0.0.1:{service.server_port}/", allow or (service.origin,))


class Always:
    """A notifier that answers as told and keeps what it was given."""

    def __init__(self, *answers: str) -> None:
        """Give these answers one after another, the last for ever."""
        self.answers, self.given = list(answers), list[tuple[str, str]]()

    def send(self, key: str, text: str) -> str:
        """Keep it and answer."""
        self.given.append((key, text))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def store_with(*numbers: int) -> MemoryStore:
    """Make a store with sent notices about no item that is there."""
    store = MemoryStore()
    with store.write() as writer:
        writer.put_notices([Notice(n, n, 1, "li", "escalate", "total", 1, "", "auto", SENT, AT) for n in numbers])
    return store


def carrier(store: Store, notifier: Notifier, **settings: str) -> Carrier:
    """Return a carrier over one target that takes everything."""
    told = {"hours": "any"} | settings
    channels = Channels.model_validate(
        {"targets": {"group": {"file": "unused"}}, "receivers": {EVERYBODY: ["group"]}} | told
    )
    return Carrier(store, channels, lambda _: notifier, PolicyShelf(), NO_TITLES)


# -- one message to a server


def test_a_message_is_taken_with_its_key(service: Service) -> None:
    """The server sees the text and the key of the digest."""
    assert target(service).send("k1", "您有 1 条通知") == ""
    assert service.taken == [("k1", "您有 1 条通知")]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, "", "HTTP 500"),
        (200, '{"errcode": 93000, "errmsg": "invalid webhook url"}', "errcode 93000"),
        (200, '{"code": 19001, "msg": "param invalid"}', "code 19001"),
        (200, '{"StatusCode": 1}', "StatusCode 1"),
        (200, "x" * 100_000, "Timeout"),
        (200, '{"errcode": 0, "code": 0}', ""),
        (200, "not json", ""),
    ],
)
def test_an_answer_is_read(service: Service, status: int, body: str, why: str) -> None:
    """A refusal with 200, as 企业微信, 钉钉 and 飞书 give it, is no success; nor is an answer without end."""
    service.answer = (status, body)
    assert target(service).send("k", "text") == why


def test_a_service_that_hangs_is_left_after_a_while(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message counts as not taken, though the server has it: the next copy bears the same key."""
    monkeypatch.setattr(outward, "READ", 0.2)
    service.hang = threading.Event()
    assert target(service).send("k", "text") == "ReadTimeout"
    service.hang.set()
    service.hang = None
    assert target(service).send("k", "text") == ""
    assert [key for key, _ in service.taken] == ["k", "k"]


def test_nobody_there_is_no_success(service: Service) -> None:
    """A connection that is refused."""
    gone = target(service)
    service.server_close()
    assert gone.send("k", "text") == "ConnectionError"


def test_only_what_is_allowed_is_called(service: Service) -> None:
    """Neither another port nor where a redirect leads; nothing arrives there."""
    elsewhere = target(service, "http://127.0.0.1:1")
    assert elsewhere.send("k", "text") == f"not allowed: {service.origin}"
    assert service.taken == []
    service.answer, service.location = (302, ""), f"{service.origin}/elsewhere"
    assert target(service).send("k", "text") == "HTTP 302"
    assert len(service.taken) == 1


def test_proxy_variables_are_not_followed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message goes where the settings say, not through whatever the environment names."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert target(service).send("k", "text") == ""


def test_the_robots_of_the_three_services_are_watched_too(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real plugin of 企业微信, with its address turned to the local server: 200 with an errcode is a refusal."""
    robot = ServiceTarget("wecombot://a1b2c3d4-0000-0000-0000-000000000000", (service.origin,))
    monkeypatch.setattr(robot.service, "api_url", f"{service.origin}/")
    monkeypatch.setattr(_Handler, "do_POST", _robot)
    service.answer = (200, '{"errcode": 93000}')
    assert robot.send("k", "text") == "errcode 93000"


def _robot(handler: _Handler) -> None:
    handler.rfile.read(int(handler.headers["Content-Length"]))
    text = handler.server.answer[1].encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


def test_a_file_gets_one_line_each_and_is_its_owner_s(tmp_path: Path) -> None:
    """Line breaks stay inside; a folder that is not there is said."""
    path = tmp_path / "log"
    log = FileTarget(str(path))
    assert (log.send("a", "一\n二"), log.send("b", "三")) == ("", "")
    assert [json.loads(line)["key"] for line in path.read_text(encoding="utf-8").splitlines()] == ["a", "b"]
    assert path.stat().st_mode & 0o077 == 0
    assert FileTarget(str(tmp_path / "no" / "log")).send("a", "x")


# -- passes


def test_what_was_told_before_stays_unless_wanted() -> None:
    """Beginning to carry on an old ledger floods nobody."""
    store, notifier = store_with(1, 2), Always("")
    assert carrier(store, notifier).begin(AT) == 2
    with store.write() as writer:
        writer.put_notices([Notice(3, 3, 1, "li", "escalate", "total", 1, "", "auto", SENT, AT)])
    assert carrier(store, notifier).carry(lambda: AT).notices == 1
    whole, all_of_it = store_with(1, 2), Always("")
    assert carrier(whole, all_of_it).begin(AT, backlog=True) == 0
    assert carrier(whole, all_of_it).carry(lambda: AT) == (1, 2, 0, 0, 0)


def test_years_of_notices_are_passed_over_in_portions(tmp_path: Path) -> None:
    """None twice, none left, papers that were released among them; a file is read while what was read is marked in it."""
    create(tmp_path / "office.db", {})
    with closing(open_store(tmp_path / "office.db")) as store:
        with store.write() as writer:
            writer.put_notices(
                [
                    Notice(n, n, 1, "li", "escalate", "total", 1, "", "auto", RELEASED if n % 7 == 0 else SENT, AT)
                    for n in range(1, 2502)
                ]
            )
        assert carrier(store, Always("")).begin(AT) == 2501
        with store.read() as reader:
            assert next(reader.undelivered(), None) is None
            assert all(len(list(reader.deliveries(n))) == 1 for n in (1, 7, 1000, 1001, 2501))


def test_a_failing_target_is_tried_after_each_wait_under_one_key_and_then_given_up() -> None:
    """It never comes too early, later notices wait behind it, and a person's word starts it anew."""
    store, notifier = store_with(), Always("HTTP 500")
    own = carrier(store, notifier)
    own.begin(AT)
    with store.write() as writer:
        writer.put_notices([Notice(1, 1, 1, "li", "escalate", "total", 1, "", "auto", SENT, AT)])
    now = AT
    for wait in WAITS:
        assert own.carry(partial(int, now)).failed == 1
        assert own.carry(partial(int, now + wait - 1)).failed == 0
        now += wait
    assert own.carry(lambda: now).given_up == 1
    assert own.carry(lambda: now * 2).failed == 0
    [key] = {key for key, _ in notifier.given}
    notifier.answers = [""]
    assert own.retry([key], now) == 1
    assert own.carry(lambda: now) == (1, 1, 0, 0, 0)
    assert {key for key, _ in notifier.given} == {key}


def test_outside_office_hours_nothing_goes() -> None:
    """Without a calendar there are no office hours, so nothing goes either; `any` sends at once."""
    store, notifier = store_with(), Always("")
    carrier(store, notifier).begin(AT)
    with store.write() as writer:
        writer.put_notices([Notice(1, 1, 1, "li", "escalate", "total", 1, "", "auto", SENT, AT)])
    assert carrier(store, notifier, hours="working").carry(lambda: AT) == (0, 0, 0, 1, 0)
    assert notifier.given == []
    assert carrier(store, notifier).carry(lambda: AT).digests == 1


def test_who_dies_while_sending_leaves_it_for_the_next(service: Service) -> None:
    """At least once: the digest of a carrier that is gone is tried again after its wait, with the key it had."""
    store = store_with()
    dying = carrier(store, _Dying())
    dying.begin(AT)
    with store.write() as writer:
        writer.put_notices([Notice(1, 1, 1, "li", "escalate", "total", 1, "", "auto", SENT, AT)])
    with pytest.raises(KeyboardInterrupt):
        dying.carry(lambda: AT)
    alive = carrier(store, target(service))
    assert alive.carry(lambda: AT).digests == 0, "its wait is not over"
    assert alive.carry(lambda: AT + WAITS[0]).digests == 1
    assert [key for key, _ in service.taken] == _Dying.keys


class _Dying:
    keys: ClassVar[list[str]] = []

    def send(self, key: str, _text: str) -> str:
        """Be interrupted."""
        self.keys.append(key)
        raise KeyboardInterrupt


def test_settings_name_where_messages_go() -> None:
    """A named officer has targets of his own, everybody else the common ones."""
    channels = Channels(
        targets={"a": Target(file="a"), "b": Target(file="b")}, receivers={"li": ("a", "b"), EVERYBODY: ("b",)}
    )
    assert (channels.targets_of("li"), channels.targets_of("wang")) == (("a", "b"), ("b",))
