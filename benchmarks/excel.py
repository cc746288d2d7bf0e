"""What a ledger of 100,000 rows costs to read in and to write out, beside the least that its library needs for the same.

    python -m benchmarks.excel [--rows 100000] [--rounds 1]

Read in: `siban import` against python-calamine reading the workbook and a bare SQL insert of the very rows and entries
that the import leaves. Written out: `siban export` against XlsxWriter in constant memory writing the same cells. Each is
a process of its own, timed by the clock (how long somebody waits) and by the processor (all processes that it begins together;
others may share the machine); its memory is the ru_maxrss of the largest process. To hold: import ≤ 1.8 and < 400 MB, export
≤ 1.3 and < 150 MB.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import python_calamine
import xlsxwriter

from storage import statements

ROOT = Path(__file__).resolve().parents[1]
SIBAN = Path(sys.executable).with_name("siban")
NOW = "2023-06-14 10:00"
HEADS = ("序号", "编号", "清单类别", "问题", "具体情况", "问题来源", "发现日期", "属地", "主办单位", "协办单位", "责任人",
         "整改时限", "整改措施", "整改情况", "状态", "完成日期", "销号日期")  # fmt: skip
UNITS = (("河道署", "金晓"), ("环卫事务中心", "尹超"), ("林业站", "廖凡"))


def make(path: Path, rows: int) -> None:
    """Write a ledger as an office keeps it: two in three closed, the rest in hand."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        page = book.add_worksheet("台账")
        day = book.add_format({"num_format": "yyyy/m/d"})
        page.write_string(0, 0, "问题整改台账")
        page.write_row(1, 0, HEADS)
        for number in range(rows):
            unit, handler = UNITS[number % 3]
            found = dt.date(2023, 1, 3) + dt.timedelta(days=number % 120)
            due, closed = found + dt.timedelta(days=15), number % 3 != 0
            done = found + dt.timedelta(days=8 + number % 9)
            row = (number + 1, f"T-{number + 1:06}", "即知即改的问题", f"第{number + 1}号点位垃圾清运不及时",
                   f"巡查发现第{number + 1}号点位有暴露垃圾，周边居民多次反映，须加密清运频次。", "调查研究", found,
                   f"第{number % 24 + 1}街道", unit, "水务处" if number % 4 == 0 else "", handler, due,
                   "1.当日清运\n2.加密巡查", "已清运到位" if closed else "", "已销号" if closed else "整改中",
                   done if closed else "", done if closed else "")  # fmt: skip
            for at, value in enumerate(row):
                if isinstance(value, dt.date):
                    page.write_datetime(number + 2, at, value, day)
                elif isinstance(value, int):
                    page.write_number(number + 2, at, value)
                elif value:
                    page.write_string(number + 2, at, value)


class Ran(NamedTuple):
    """How long a process took (s), it and those it waited for of the processor (s), the largest of them (MB), what it said."""

    waited: float
    worked: float
    memory: float
    said: str


def run(*command: str) -> Ran:
    """Run a process."""
    begun = perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        said = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(said)
    return Ran(perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def floor_in(book: str, filled: str, empty: str) -> None:
    """Read the workbook and insert what the import left; print the seconds of each, by the clock and by the processor."""
    source = sqlite3.connect(filled)
    events = source.execute(f"SELECT {statements._EVENT} FROM event WHERE item > 0").fetchall()  # noqa: S608, SLF001 - the columns as the store writes them
    items = source.execute(f"SELECT {statements._ROW} FROM item").fetchall()  # noqa: S608, SLF001 - as above
    source.close()
    begun, worked = perf_counter(), process_time()
    with python_calamine.CalamineWorkbook.from_path(book) as opened:
        for _ in opened.get_sheet_by_index(0).iter_rows():
            pass
    read = perf_counter() - begun, process_time() - worked
    target = sqlite3.connect(empty, isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=FULL")
    begun, worked = perf_counter(), process_time()
    target.execute("BEGIN IMMEDIATE")
    target.executemany(statements.APPEND, events)
    target.executemany(statements.PUT_ROW, items)
    target.execute("COMMIT")
    print(*read, perf_counter() - begun, process_time() - worked)


def floor_out(book: str, target: str) -> None:
    """Write the cells of a ledger's first sheet again with XlsxWriter alone; print the seconds."""
    with python_calamine.CalamineWorkbook.from_path(book) as opened:
        rows = opened.get_sheet_by_index(0).to_python(skip_empty_area=False)
    begun = process_time()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as out:
        page = out.add_worksheet()
        common = {"font_name": "宋体", "font_size": 10, "border": 1, "text_wrap": True}
        text, day = out.add_format(common), out.add_format(common | {"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows):
            for at, value in enumerate(row):
                if value == "":
                    page.write_blank(number, at, None, text)
                elif isinstance(value, str):
                    page.write_string(number, at, value, text)
                elif isinstance(value, dt.date):
                    page.write_datetime(number, at, value, day)
                else:
                    page.write_number(number, at, float(str(value)), text)
    print(f"{process_time() - begun:.2f}")


def main() -> None:
    """Make the ledger, and time each way in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--floor", nargs="*", default=[])
    asked = parser.parse_args()
    if asked.floor:
        kind, *rest = asked.floor
        (floor_in if kind == "in" else floor_out)(*rest)
        return
    with tempfile.TemporaryDirectory() as folder:
        book, database, empty = (Path(folder) / name for name in ("台账.xlsx", "a.db", "b.db"))
        make(book, asked.rows)
        print(f"{asked.rows} rows, {book.stat().st_size / 1e6:.1f} MB")
        for path in (database, empty):
            run(
                str(SIBAN),
                "--db",
                str(path),
                "--at",
                NOW,
                "init",
                "--trial",
                "--org",
                str(ROOT / "workflows/bureau.toml"),
            )
        me = (sys.executable, "-m", "benchmarks.excel", "--floor")
        siban = (str(SIBAN), "--db", str(database), "--at", NOW)
        fresh = database.read_bytes()
        for _ in range(asked.rounds):
            for path in (database, empty):
                path.write_bytes(fresh)
            came = run(*siban, "import", str(book))
            if f"已导入 {asked.rows} 件" not in came.said:
                raise SystemExit(came.said)
            read, read_work, insert, insert_work = map(
                float, run(*me, "in", str(book), str(database), str(empty)).said.split()
            )
            print(f"import  {came.waited:6.1f} s, {came.worked:.1f} of processor  {came.memory:5.0f} MB   "
                  f"calamine {read:.1f} s + bare insert {insert:.1f} s   ratio {came.waited / (read + insert):.2f}, "
                  f"of processor {came.worked / (read_work + insert_work):.2f}")  # fmt: skip
        out = Path(folder) / "out.xlsx"
        for _ in range(asked.rounds):
            went = run(*siban, "export", str(out), "--force")
            floor = float(run(*me, "out", str(out), str(Path(folder) / "floor.xlsx")).said)
            print(f"export  {went.worked:6.1f} s of processor  {went.memory:5.0f} MB   XlsxWriter {floor:.1f} s   "
                  f"ratio {went.worked / floor:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
