"""DBOS on SQLite: a workflow of five steps for each item, each step a checkpoint; no row of our own, no entry and no timer.

A workflow is begun, checkpointed at each of its steps and ended: six durable moments that count, as one registers and acts five times.
Its durability is its own: `SYNC` is not looked at.
"""

from __future__ import annotations

from dbos import DBOS

from benchmarks.peers.course import MOVES, VERBS, given, run


def main() -> None:
    """Take the course: each order takes items through all of it."""
    asked = given()
    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{asked.path}",
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )

    @DBOS.step()
    def act(_item: int, _verb: str, target: str) -> str:
        return target

    @DBOS.workflow()
    def course(item: int) -> str:
        state = ""
        for verb, _, target in MOVES[: len(VERBS)]:
            state = act(item, verb, target)
        return state

    DBOS.launch()
    course(0)
    run(asked, lambda item, _order: assert_closed(course(item)), acts=asked.items * (len(VERBS) + 1))
    DBOS.destroy()


def assert_closed(state: str) -> None:
    """Make sure that something was measured."""
    assert state == "closed"  # noqa: S101 - else nothing was measured


if __name__ == "__main__":
    main()
