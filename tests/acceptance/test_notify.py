"""`siban notify` and `siban serve`: notices get out once at least, under one key, whatever is killed, and nowhere but where allowed."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from engine.notice import SENT, Notice
from storage.sqlite import open_store
from tests.acceptance.conftest import SIBAN, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.acceptance.conftest import Office

SETTINGS = """
hours = "any"
content = "titles"
allow = ["http://127.0.0.1:{port}"]
[targets.post]
url = "json://127.0.0.1:{port}/"
[receivers]
"*" = ["post"]
"""


class Post(ThreadingHTTPServer):
    """Keeps key and text of whatever arrives, and every byte of it, and now and then says that it failed all the same."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[str, str]] = []
        self.heard: list[bytes] = []
        self.fails_every = 0


class _Handler(BaseHTTPRequestHandler):
    server: Post

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(f"{self.path}\n{self.headers}\n".encode() + raw)
        body = json.loads(raw)
        taken = self.server.taken
        taken.append((self.headers["Idempotency-Key"], body["message"]))
        failing = self.server.fails_every and len(taken) % self.server.fails_every == 0
        self.send_response(500 if failing else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def posted() -> Iterator[Post]:
    """Listen for as long as it lasts."""
    server = Post()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(name="post")
def _post() -> Iterator[Post]:
    with posted() as server:
        yield server


def settings(folder: Path, post: Post) -> str:
    """Write settings that lead to the server, for their owner alone."""
    path = folder / "送达.toml"
    path.write_text(SETTINGS.format(port=post.server_port), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_by_default_everything_goes_into_a_log_beside_the_database(office: Office) -> None:
    """What was told before stays; a later notice is a line of its own, and its content is not in it."""
    assert "首次送达：以前的" in office("notify", "send", "--dry-run").out
    assert not office.path.with_name("office.db.notices.log").exists()
    assert "首次送达：以前的" in office("送达", "发送").out
    assert office("--as", "o27", "签收", "2").status == 0
    assert office("--at", "2023-05-15 18:00", "tick").status == 0
    assert "送达" in office("notify", "send").out
    lines = [
        json.loads(line) for line in (office.path.parent / "office.db.notices.log").read_text("utf-8").splitlines()
    ]
    assert lines
    assert all("【试用】【四办督办】您有" in line["text"] and "垃圾箱房异味" not in line["text"] for line in lines)
    assert any("ZG2023-0002" in line["text"] for line in lines)
    assert office("notify", "send").out == "没有送达新的通知。\n"


def test_settings_with_faults_are_refused_with_all_of_them(office: Office) -> None:
    """One sentence each, with its place; exit code 4. A file that others may read is refused, too."""
    path = office.path.with_name("送达.toml")
    path.write_text('hours = "x"\n[targets.a]\nurl = "ftp://x"\n[receivers]\n"*" = ["b"]\n[other]\n', encoding="utf-8")
    said = office("notify", "send", "--channels", str(path))
    assert said.status == 4
    assert "hours：只能是：working、any" in said.err
    assert "targets.a：不是可用的地址" in said.err
    assert "other：多余的项" in said.err
    path.write_text('[targets.a]\nurl = "jsons://example.invalid/secret"\n', encoding="utf-8")
    path.chmod(0o644)
    said = office("notify", "send", "--channels", str(path))
    assert said.status == 1
    assert "能被他人读取（权限 0644）" in said.err
    assert "secret" not in said.err
    said = office("notify", "send", "--channels", "没有.toml")
    assert (said.status, said.err) == (2, "送达设置 没有.toml 不能用：没有这个文件。\n")
    path.write_text("[targets.a]\nurl = 'env:NOT_SET_HERE'\n", encoding="utf-8")
    assert "环境变量 NOT_SET_HERE" in office("notify", "test", "a", "--channels", str(path)).err
    assert "现有：a" in office("notify", "test", "b", "--channels", str(path)).err


def test_what_fails_waits_and_can_be_tried_again_by_hand(office: Office, post: Post) -> None:
    """Status names the reason; retry sends at once, under the same key."""
    where = settings(office.path.parent, post)
    office("notify", "send", "--channels", where)
    office("--at", "2023-05-15 18:00", "tick")
    post.fails_every = 1
    assert "未成" in office("notify", "send", "--channels", where).out
    rows = office("notify", "status", "-o", "json").json
    assert {row["error"] for row in rows} == {"HTTP 500"}
    assert all(row["tries"] == 1 and row["state"] == "waiting" and row["next_at"] for row in rows)
    before = len(post.taken)
    assert office("notify", "send", "--channels", where).out.startswith("没有送达新的通知")
    assert len(post.taken) == before, "its wait is not over"
    post.fails_every = 0
    assert office("notify", "retry", rows[0]["key"]).out == "已排入重送：1 份。\n"
    assert office("notify", "send", "--channels", where).out.startswith("送达 1 份")
    assert post.taken[-1][0] == rows[0]["key"]
    assert office("notify", "retry", "none").status == 1
    assert office("notify", "retry").status == 2


def test_the_heartbeat_delivers_and_stops_cleanly(office: Office, post: Post) -> None:
    """A notice of the first beat is out soon after it; SIGTERM ends both threads."""
    where = settings(office.path.parent, post)
    office("notify", "send", "--channels", where)
    office("--at", "2023-05-15 18:00", "list")
    arguments = [str(SIBAN), "--db", str(office.path), "--at", "2023-05-15 18:00", "serve", "--every", "1"]
    process = subprocess.Popen(
        [*arguments, "--channels", where], stderr=subprocess.PIPE, text=True, env=environment(), cwd=office.path.parent
    )
    try:
        until = time.monotonic() + 30
        while not post.taken and time.monotonic() < until:
            time.sleep(0.05)  # another process is at work
        assert any("垃圾箱房异味" in text for _, text in post.taken)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("rounds", "each"), [(2, 2), pytest.param(30, 7, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_killed_senders_lose_nothing(office: Office, post: Post, rounds: int, each: int) -> None:
    """Each notice arrives, a copy bears the key of the first, and each receiver gets his digests in order.

    Senders are killed as soon as the server has something of theirs, and the server says now and then that it failed
    although it took the message. The long form carries 1,050 notices past 30 kills.
    """
    where = settings(office.path.parent, post)
    office("notify", "send", "--channels", where)
    store = open_store(office.path)
    post.fails_every, told = 4, list[Notice]()
    for _ in range(rounds):
        with store.write() as writer:
            first = writer.next_notice()
            new = [
                Notice(first + n, 1, 2, f"o2{n % 5}", "escalate", "total", 1, "", "auto", SENT, 1)
                for n in range(5 * each)
            ]
            writer.put_notices(new)
            told += new
        sender = subprocess.Popen(
            [str(SIBAN), "--db", str(office.path), "notify", "send", "--channels", where],
            env=environment(),
            cwd=office.path.parent,
            stdout=subprocess.DEVNULL,
        )
        seen = len(post.taken)
        while len(post.taken) == seen and sender.poll() is None:
            time.sleep(0.002)  # killed while it is sending
        sender.kill()
        sender.wait()
    post.fails_every = 0
    for day in range(1, 10):
        office("--at", f"2023-06-0{day} 09:00", "notify", "send", "--channels", where)
    assert office("notify", "status", "-o", "json").json == []
    arrived: dict[str, list[str]] = {}
    for key, text in post.taken:
        arrived.setdefault(key, []).append(text)
    with store.read() as reader:
        keys = {one.number: next(reader.deliveries(one.number)) for one in told}
    store.close()
    assert {one.key for one in keys.values()} == set(arrived), "each digest has arrived, and nothing else"
    assert all(len(set(copies)) == 1 for copies in arrived.values()), "a copy is what it is a copy of"
    assert max(map(len, arrived.values())) > 1, "nothing was sent twice: nobody was killed in time"
    for receiver in {one.receiver for one in told}:
        firsts = [key for key in arrived if key in {one.key for one in keys.values() if one.receiver == receiver}]
        numbers = [min(n for n, one in keys.items() if one.key == key) for key in firsts]
        assert numbers == sorted(numbers), "in order"
