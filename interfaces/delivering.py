"""One pass of carrying notices out: put new ones into digests, claim one digest after another, send it, keep what became of it.

A digest is claimed in a transaction of its own before it is sent and answered in another after it; nothing is held while a
service is waited for. Whoever dies between the two leaves a digest that is tried again after its wait, under the same key.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from engine.clock import civil
from engine.delivery import carried, claimed, digests, failed, ready, renewed, skipped
from engine.errors import Refused
from engine.policy import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.delivery import Delivery
    from engine.policy import PolicyShelf
    from engine.ports import Notifier, Reader, Store
    from interfaces.channels import Channels
    from workflows.labels import Titles

BEGUN = "delivery_begun"
"""The setting that says since when notices are carried (µs)."""
_SOME = 1000
"""How many notices are passed over at a time."""

_LISTED = 10
"""Items that a message names at most; some services take 2,048 bytes."""


class Carried(NamedTuple):
    """What one pass did: digests and notices that were taken, digests that were not, and what waits or was given up by now."""

    digests: int = 0
    notices: int = 0
    failed: int = 0
    waiting: int = 0
    given_up: int = 0


class Carrier:
    """Carries the notices of one database over its channels."""

    def __init__(
        self,
        store: Store,
        channels: Channels,
        notifiers: Callable[[str], Notifier],
        shelf: PolicyShelf,
        titles: Titles,
        *,
        trial: bool = False,
    ) -> None:
        """Serve a store; `notifiers` makes a target's notifier from its name, when it is first needed."""
        self.store, self.channels, self.shelf, self.titles, self.trial = store, channels, shelf, titles, trial
        self._make, self._made = notifiers, dict[str, "Notifier"]()

    def begin(self, now: int, *, backlog: bool = False) -> int:
        """Begin to carry, once: what was told before stays where it is, unless the backlog is wanted; return how many stay."""
        with self.store.read() as reader:
            if reader.setting(BEGUN) is not None:
                return 0
        with self.store.write() as writer:
            if writer.setting(BEGUN) is not None:
                return 0
            count, old = 0, iter(()) if backlog else writer.undelivered()
            while some := [skipped(notice, now) for notice in islice(old, _SOME)]:  # there may be years of them
                writer.put_deliveries(some)
                count += len(some)
            writer.put_setting(BEGUN, str(now))
        return count

    def planned(self, now: int, *, backlog: bool = False) -> tuple[list[list[Delivery]], int]:
        """Return the digests that a pass would try now and how many notices of before would stay; write nothing."""
        with self.store.read() as reader:
            told = list(reader.undelivered())
            stay = len(told) if reader.setting(BEGUN) is None and not backlog else 0
            new = [] if stay else digests(told, self.channels.targets_of, now)
            return (ready([*reader.deliveries(), *new], now) if self.is_open(reader, now) else []), stay

    def carry(self, now: Callable[[], int], stop: Callable[[], bool] = lambda: False) -> Carried:
        """Make one pass; `stop` is asked before each digest. Raises what the store raises; a target that fails raises nothing."""
        self.begin(now())
        self._collect(now())
        with self.store.read() as reader:
            open_now = self.is_open(reader, now())
        done = Carried()
        while open_now and not stop():
            digest = self._claim(now())
            if digest is None:
                break
            error = self._send(digest)
            with self.store.write() as writer:
                writer.put_deliveries(failed(digest, error) if error else carried(digest, now()))
            if error:
                done = done._replace(failed=done.failed + 1)
            else:
                done = done._replace(digests=done.digests + 1, notices=done.notices + len(digest))
        with self.store.read() as reader:
            rest = list(reader.deliveries())
        return done._replace(
            waiting=len({one.key for one in rest if not one.is_given_up}),
            given_up=len({one.key for one in rest if one.is_given_up}),
        )

    def retry(self, keys: Sequence[str], now: int) -> int:
        """Have given-up or waiting digests tried again, all of them without keys; return how many digests.

        Raises `Refused("unknown_digest")`.
        """
        with self.store.write() as writer:
            rest = list(writer.deliveries())
            unknown = sorted(set(keys) - {one.key for one in rest})
            if unknown:
                raise Refused("unknown_digest", key=unknown[0])
            again = [one for one in rest if one.key in keys or not keys]
            writer.put_deliveries(renewed(again, now))
        return len({one.key for one in again})

    def is_open(self, reader: Reader, now: int) -> bool:
        """Whether messages may go at this moment: the settings' hours against the calendar in force."""
        if self.channels.hours == "any":
            return True
        hash_ = reader.current_hashes().get((CALENDAR, "cn"), "")
        return bool(hash_) and self.shelf.calendar(reader, hash_).opening(now) == now

    def text(self, reader: Reader, digest: Sequence[Delivery]) -> str:
        """Return what a message says: by default how many notices, which items and when, and nothing of their content."""
        from interfaces.desk import notice_title

        notices = [notice for one in digest if (notice := reader.notice(one.notice))]
        rows = {notice.item: reader.row(notice.item) for notice in notices}
        serials = [row.serial if row else str(number) for number, row in rows.items()]
        counted: dict[str, int] = {}
        for notice in notices:
            row = rows[notice.item]
            title = notice_title(notice, self.shelf.rules(reader, row.definition), self.titles) if row else ""
            counted[title] = counted.get(title, 0) + 1
        who = ""
        if self.channels.content != "numbers" and (row := next(iter(rows.values()), None)):
            who = self.shelf.rules(reader, row.definition).organisation.name_of(digest[0].receiver) + "，"
        when = civil(digest[0].made_at)
        listed = "、".join(serials[:_LISTED]) + (f" 等 {len(serials)} 件" if len(serials) > _LISTED else "")
        head = f"{'【试用】' if self.trial else ''}【四办督办】"
        kinds = "、".join(f"{title} {count} 条" for title, count in counted.items())
        lines = [
            f"{head}{who}您有 {len(notices)} 条通知待阅（{kinds}）",
            f"事项：{listed}",
            f"{when.year}年{when.month}月{when.day}日 {when:%H:%M}，请运行 siban todo 查看。（{digest[0].key}）",
        ]
        if self.channels.content == "titles":
            lines[1:2] = [f"{row.serial} {row.title[:40]}" for row in rows.values() if row][:_LISTED]
        return "\n".join(lines)

    def _collect(self, now: int) -> None:
        with self.store.read() as reader:
            if next(iter(reader.undelivered()), None) is None:
                return
        with self.store.write() as writer:
            writer.put_deliveries(digests(list(writer.undelivered()), self.channels.targets_of, now))

    def _claim(self, now: int) -> list[Delivery] | None:
        with self.store.read() as reader:
            if not ready(reader.deliveries(), now):
                return None
        with self.store.write() as writer:
            digest = next(iter(ready(list(writer.deliveries()), now)), None)
            if digest is None:
                return None
            digest = claimed(digest, now)
            writer.put_deliveries(digest)
        return digest

    def _send(self, digest: list[Delivery]) -> str:
        from engine.errors import SibanError

        target = digest[0].target
        with self.store.read() as reader:
            text = self.text(reader, digest)
        try:
            if target not in self._made:
                self._made[target] = self._make(target)
        except (SibanError, KeyError) as error:
            return getattr(error, "code", "no such target")
        return self._made[target].send(digest[0].key, text)
