"""`calendar reading`: how the office reads what limit texts leave open."""

from __future__ import annotations

import click

from interfaces.acting import session_of
from interfaces.output import Column, emit, note, output_option
from interfaces.shell import Command, option


@click.command(
    cls=Command,
    short_help="时限读法：“天”“小时”和未写的年份怎样读",
    example="siban calendar reading\nsiban 日历 读法 --天 工作日 --小时 工作小时\nsiban 日历 读法 --年份 2023",
)
@option("--bare-days", "--天", metavar="UNIT", help="“天”“日”：自然日（d）｜工作日（wd）")
@option("--bare-hours", "--小时", metavar="UNIT", help="“小时”：连续小时（h）｜工作小时（wh）")
@option("--urgent-days", "--紧急工作日", metavar="UNIT", help="“紧急工作日”：自然日（d）｜工作日（wd）")
@option("--year", "--年份", metavar="YEAR", help="日期未写年份的：活动年度，如 2023｜当年（current）")
@output_option
def reading(
    bare_days: str | None, bare_hours: str | None, urgent_days: str | None, year: str | None, form: str
) -> None:
    """查看或设定本库的时限读法；登记、交办、导入、推算到期都照此读，并注明依据了哪一条。

    设定记入办理记录；此前已读的时限不变。
    """
    from interfaces.founding import installer
    from interfaces.selecting import one_of
    from workflows.limits import AS_SHIPPED, UNIT_WORDS, WRITTEN, checked_readings, reading_words

    session = session_of()
    days = {UNIT_WORDS[unit]: unit for unit in ("d", "wd")}
    hours = {UNIT_WORDS[unit]: unit for unit in ("h", "wh")}
    chosen = {
        name: one_of(WRITTEN[name], text, among)
        for name, text, among in (
            ("bare_days", bare_days, days),
            ("bare_hours", bare_hours, hours),
            ("urgent_days", urgent_days, days),
        )
        if text is not None
    }
    if year is not None:
        chosen["year"] = "" if year in ("当年", "current") else year.strip()
    readings = session.readings
    if chosen:
        readings = checked_readings(readings._replace(**chosen))
        changed = session.office.put_reading(readings._asdict(), installer(session))
        session.keep_clock()
        note("已设定，并记入办理记录；此前已读的时限不变。" if changed else "与现有一致，未作改动。")
    shipped = AS_SHIPPED._asdict()
    rows = [
        {
            "name": name,
            "value": value,
            "written": WRITTEN[name],
            "read": reading_words(readings)[name],
            "shipped": value == shipped[name],
        }
        for name, value in readings._asdict().items()
    ]
    columns = [
        Column("written", "写法"),
        Column("read", "读法"),
        Column("shipped", "", show=lambda row: "（出厂设置）" if row["shipped"] else ""),
    ]
    emit(rows, columns, form=form)
