"""`demo`: what a new user runs first. Four months of a bureau's work on a trial database, and what is shown of them."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from interfaces.display import display, pad, shorten, width
from interfaces.output import Column, emit, is_terminal, note, say
from interfaces.shell import Command, option

if TYPE_CHECKING:
    from engine.event import Event
    from interfaces.demo_play import Play

DEFAULT_FILE = "siban-demo.db"
"""Where the demo leaves its database when nothing else is said: in the current folder."""

_BESIDE = ("", "-journal", "-wal", "-shm", ".lock")
_BAR, _WIDE = 30, 72  # cells of the progress bar, and of what a record says
_FORMAL = 3  # from this level of the ladder on each case is shown, below it they are counted


@click.command(
    cls=Command,
    short_help="演示：建一个试用库，走完 2023 年 5 月至 8 月的整改",
    example=f"siban demo\nsiban demo --keep 试用.db\nsiban --db {DEFAULT_FILE} --as 周明 todo",
)
@option("--keep", "--保留", "keep", metavar="FILE", help=f"试用库留在哪个文件，默认当前目录下的 {DEFAULT_FILE}")
@option("--force", "--覆盖", "force", is_flag=True, help="那里已有试用库的，删去重做；正式库任何时候都不覆盖")
@click.pass_context
def demo(ctx: click.Context, keep: str | None, force: bool) -> None:  # click passes it by name
    """演示：新建一个试用库，载入机构人员和 41 件问题，走完 2023 年 5 月至 8 月的整改。

    然后看台账、督办、办理记录、算期和通报。人员、问题和办理经过均为虚构。试用库留在文件里，可以接着试办。
    """  # Chinese ends its sentences with 。
    path = keep or DEFAULT_FILE
    _make_room(ctx, path, force=force)
    play = _play(path)
    ctx.find_root().obj = play.session
    ctx.call_on_close(play.session.close)
    _show(ctx, play)
    _what_next(path, play)


def _make_room(ctx: click.Context, path: str, *, force: bool) -> None:
    """Leave the process with a sentence when something is there that may not go; else see that nothing is there."""
    if not os.path.lexists(path):
        return
    if not _is_trial(path):
        note(f"{path} 已经存在，又不是试用库，演示不会动它。请另写一个文件：siban demo --keep 试用.db")
        ctx.exit(1)
    if not force:
        again = f"siban demo --keep {shlex.quote(path)} --force"
        note(f"{path} 已有试用库。要删去重做：{again}；要另建，--keep 写另一个文件。")
        ctx.exit(1)
    _remove(path)


def _is_trial(path: str) -> bool:
    from engine.errors import Unavailable
    from interfaces.session import TRIAL
    from storage.sqlite import open_store

    try:
        store = open_store(path)
    except Unavailable:
        return False
    try:
        with store.read() as reader:
            return reader.setting(TRIAL) == "1"
    finally:
        store.close()


def _remove(path: str) -> None:
    """Delete a trial database with what belongs to it."""
    real = os.path.realpath(path)
    for ending in _BESIDE:
        Path(f"{real}{ending}").unlink(missing_ok=True)
    shutil.rmtree(f"{real}.files", ignore_errors=True)


def _play(path: str) -> Play:
    """Make the database and play the story on it; nothing half-done is left behind."""
    from interfaces.demo_play import BEGIN, Play
    from interfaces.demo_script import scripts
    from interfaces.demo_story import BUREAU
    from interfaces.founding import found
    from interfaces.roster import read_organisation
    from interfaces.session import Session
    from storage.connection import journal
    from workflows.index import SHIPPED, definition_text

    found(path, [definition_text(name) for name in SHIPPED], read_organisation(str(BUREAU)), trial=True, at=BEGIN)
    with_bar = is_terminal(sys.stderr)
    try:
        play = Play(Session(path))
        _sync(play, 0)  # a demo cut short is made anew: no need to wait for the disk a thousand times
        play.run([*scripts(play), *play.routines()], _progress if with_bar else lambda _begin, _now, _end: None)
        _sync(play, journal()[1])
    except BaseException:
        _remove(path)
        raise
    finally:
        if with_bar:
            sys.stderr.write(f"\r{' ' * 2 * _BAR}\r")
    return play


def _sync(play: Play, degree: int) -> None:
    """Say how surely each commit is to reach the disk; what was left undone is done when the file is closed."""
    from storage.sqlite import SqliteStore

    if isinstance(play.session.store, SqliteStore):
        play.session.store.connection.execute(f"PRAGMA synchronous = {degree}")


def _progress(begin: int, now: int, end: int) -> None:
    from workflows.labels import day

    done = (now - begin) * _BAR // (end - begin)
    sys.stderr.write(f"\r  {'█' * done}{'░' * (_BAR - done)}  {day(now)}  ")
    sys.stderr.flush()


def _show(ctx: click.Context, play: Play) -> None:
    """Show what a newcomer should see, each screen under the command that gives it."""
    numbers = play.numbers
    _summary(play)
    _screen(ctx, "台账：还在办的", "list", "--open")
    _head("逐级督办：报给了谁")
    _escalations(play)
    _head("一件事项的办理记录：逾期、督办、退回整改、销号（略去已阅和单步提醒）", f"siban log {numbers[24]}")
    _trail(play, numbers[24])
    _screen(ctx, "一个到期日是怎样数出来的：端午放假、调休上班", "explain", str(numbers[14]))
    _screen(ctx, "一页通报（按清单）", "report", "--by", "track")


def _head(title: str, command: str = "") -> None:
    say(f"\n━━ {title}{f'  $ {command}' if command else ''}")


def _screen(ctx: click.Context, title: str, name: str, *words: str) -> None:
    """Run one of our own commands as if it had been typed; as a table, also into a pipe."""
    root = ctx.find_root()
    group = root.command
    command = group.get_command(root, name) if isinstance(group, click.Group) else None
    if command is None:
        raise click.UsageError(name)
    _head(title, " ".join(["siban", name, *words]))
    forms = ["-o", "table"] if any(param.name == "form" for param in command.params) else []
    with command.make_context(name, [*words, *forms], parent=root) as inner:
        command.invoke(inner)


def _summary(play: Play) -> None:
    """Say in a paragraph what was played."""
    from engine.row import EventQuery, ItemQuery

    with play.session.store.read() as reader:
        rows = list(reader.rows(ItemQuery()))
        verbs = Counter(event.verb for event in reader.events(EventQuery()) if event.item)
        drafts = sum(1 for _ in reader.notices(status="draft"))
    count, states = Counter(row.state for row in rows), play.definition.states.values()
    said = "、".join(f"{state.title} {count[state.name]} 件" for state in states if count[state.name])
    say(
        f"{play.organisation.title}（虚构），2023年5月4日至8月31日：四个清单、五个来源，问题 {len(rows)} 件，{said}。"
        f"其间申请 {verbs['request']} 次，退回整改 {verbs['send_back']} 次，重新办理 {verbs['redo']} 次，"
        f"即办 {_mended()} 件；督办 {verbs['escalate']} 次，签发文书 {verbs['release']} 份，"
        f"暂不发出 {verbs['withhold']} 份，待签发 {drafts} 份。"
    )


def _mended() -> int:
    from interfaces.demo_story import read_stories

    return sum(story.has("mend") for story in read_stories())


def _escalations(play: Play) -> None:
    """Show the formal steps: which item, when, to whom, and what became of the paper."""
    from engine.row import ItemQuery
    from workflows.labels import NOTICE_STATES, day

    main = play.definition.main_clock
    rungs = {rung.level: rung for rung in play.definition.ladders[main.ladder]} if main else {}
    with play.session.store.read() as reader:
        crossings = list(reader.crossings())
        sent: dict[int, list[tuple[str, str, str]]] = {}
        for notice in reader.notices():
            sent.setdefault(notice.seq, []).append((notice.receiver, notice.paper, notice.status))
        titles = {row.number: row.title for row in reader.rows(ItemQuery())}
    formal = [c for c in crossings if main and c.clock == main.name and c.level >= _FORMAL]
    rows = [
        {
            "number": c.item,
            "title": titles[c.item],
            "rung": rungs[c.level].title,
            "planned": day(c.planned_at),
            "told": [play.organisation.name_of(receiver) for receiver, _, _ in sent.get(c.seq, ())],
            "paper": "、".join(dict.fromkeys(f"《{p}》{NOTICE_STATES[s]}" for _, p, s in sent.get(c.seq, ()) if p)),
        }
        for c in formal
    ]
    columns = [
        Column("number", "编号", "right"),
        Column("title", "问题", max_cells=30),
        Column("rung", "督办"),
        Column("planned", "时间", whole=True),
        Column("told", "报送"),
        Column("paper", "文书", whole=True),
    ]
    emit(rows, columns, form="table", footer=f"另有临期提醒、到期催办和催办通知 {len(crossings) - len(formal)} 次。")


def _of_a_step(event: Event, play: Play) -> bool:
    """Whether it is a reminder about one step, not about the whole item."""
    main = play.definition.main_clock
    return event.verb == "escalate" and main is not None and f'"clock":"{main.name}"' not in event.body


def _trail(play: Play, number: int) -> None:
    """Show what was recorded about an item, but not who has read what, nor a paper's second copy."""
    from engine.row import EventQuery
    from interfaces.demo_story import WORKFLOW
    from interfaces.records import decider_text, when
    from interfaces.wording import event_text
    from workflows.labels import titles_of

    titles = titles_of({WORKFLOW: play.session.index[WORKFLOW]})

    with play.session.store.read() as reader:
        item, events = reader.item(number), list(reader.events(EventQuery(item=number)))
        rules = play.session.rules(reader, item.definition) if item else None
    if rules is None:
        return
    rows = [
        {
            "seq": event.seq,
            "when": when(event.effective_at, play.now),
            "who": decider_text(event, rules),
            "text": shorten(display(event_text(event, titles, rules)), _WIDE),
        }
        for event in events
        if event.verb != "ack" and not _of_a_step(event, play)
    ]
    shown = [row for n, row in enumerate(rows) if n == 0 or {**row, "seq": 0} != {**rows[n - 1], "seq": 0}]
    columns = [
        Column("seq", "记录号", "right"),
        Column("when", "时间", whole=True),
        Column("who", "办理人", whole=True),
        Column("text", "办理情况"),
    ]
    emit(shown, columns, form="table")


def _what_next(path: str, play: Play) -> None:
    """End with commands that work on the database left behind."""
    start = f"siban --db {shlex.quote(path)}"
    review, stuck, paused = (play.numbers[no] for no in (34, 31, 40))
    tries = (
        (f"{start} --as 周明 todo", "周明（水务处处长）的待办"),
        (f"{start} --as 周明 办 {review}", "他能办什么"),
        (f"{start} --as 周明 单位审核通过 {review}", "办一件"),
        (f"{start} show {stuck}", "久拖未决的一件"),
        (f"{start} --as 沈建文 todo", "《专报》待他签发"),
        (f"{start} log {review}", "办理记录"),
        (f"{start} explain {paused}", "等待上级答复时不计时"),
        (f"{start} report", "一页通报"),
        (f'{start} --at "2023-09-04 09:00" tick', "到下周一，巡查一遍"),
        (f"{start} check", "台账与记录一致，不作声"),
    )
    say(f"\n试用库留在 {path}，时间停在 2023年8月31日 17:30。接着试：")
    room = max(width(command) for command, _ in tries)
    for command, meaning in tries:
        say(f"  {pad(command, room)}  # {meaning}")
