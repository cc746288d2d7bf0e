"""送达: digests, their keys, their order and their tries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.delivery import MOST, WAITS, Delivery, carried, claimed, digests, failed, ready, renewed
from engine.notice import SENT, Notice

AT = 1_683_500_000_000_000


def notice(number: int, receiver: str = "li", acked_at: int | None = None) -> Notice:
    """Make a notice."""
    return Notice(number, number, 1, receiver, "escalate", "total", 1, "", "auto", SENT, AT, acked_at)


def test_a_digest_holds_what_one_receiver_gets_over_one_target() -> None:
    """Two receivers, one of them over two targets: three digests; what was seen already goes nowhere."""
    told = [notice(1), notice(2, "wang"), notice(3), notice(4, acked_at=AT)]
    found = digests(told, lambda receiver: ("group", "mail") if receiver == "li" else ("group",), AT)
    keys: dict[str, list[int]] = {}
    for one in found:
        keys.setdefault(one.key, []).append(one.notice)
    assert sorted(keys.values()) == [[1, 3], [1, 3], [2], [4]]
    assert keys[""] == [4]
    assert all(one.carried_at == AT for one in found if one.notice == 4)


def test_a_key_depends_on_what_a_digest_holds_alone() -> None:
    """Made at another time it is the same; with one notice more it is another."""
    once, later = (digests([notice(1), notice(2)], lambda _: ("group",), at) for at in (AT, AT + 9))
    assert {one.key for one in once} == {one.key for one in later}
    assert {one.key for one in once} != {one.key for one in digests([notice(1)], lambda _: ("group",), AT)}


def test_digests_of_one_receiver_go_one_at_a_time() -> None:
    """While the first waits for its next try, the second is held; another receiver's is not."""
    first = digests([notice(1)], lambda _: ("group",), AT)
    second = digests([notice(2), notice(3, "wang")], lambda _: ("group",), AT)
    waiting = claimed(first, AT)
    assert [[one.notice for one in digest] for digest in ready([*waiting, *second], AT)] == [[3]]
    assert [[one.notice for one in digest] for digest in ready([*waiting, *second], AT + WAITS[0])] == [[1], [3]]
    given_up = [one._replace(next_at=None) for one in waiting]
    assert [[one.notice for one in digest] for digest in ready([*given_up, *second], AT)] == [[2], [3]]


def test_a_digest_is_given_up_after_so_many_tries_and_can_be_renewed() -> None:
    """Each wait is as long as the one before or longer; then nobody tries it until a person says so."""
    digest, now, waits = digests([notice(1)], lambda _: ("group",), AT), AT, []
    for _ in range(MOST):
        assert ready(digest, now), "its time had come"
        digest = failed(claimed(digest, now), "HTTP 500")
        assert not ready(digest, now)
        if digest[0].next_at is not None:
            waits.append(digest[0].next_at - now)
            now = digest[0].next_at
    assert waits == list(WAITS)
    assert digest[0].is_given_up
    assert digest[0].error == "HTTP 500"
    again = renewed(digest, now)
    assert ready(again, now) == [again]
    assert again[0].key == digest[0].key


@given(st.lists(st.sampled_from(["fails", "taken", "dies"]), max_size=30))
def test_whatever_happens_it_is_carried_waiting_or_given_up(history: list[str]) -> None:
    """Never lost between: a digest that was claimed by somebody who died comes back after its wait."""
    digest, now = digests([notice(1)], lambda _: ("group",), AT), AT
    for what in history:
        if digest[0].next_at is None:
            break
        now = max(now, digest[0].next_at)
        digest = claimed(digest, now)
        if what == "fails":
            digest = failed(digest, "no")
        elif what == "taken":
            digest = carried(digest, now)
    [one] = digest
    assert isinstance(one, Delivery)
    assert (one.carried_at is not None) + (one.next_at is not None) + one.is_given_up == 1
    if "taken" not in history and len(history) < MOST:
        assert one.next_at is not None
