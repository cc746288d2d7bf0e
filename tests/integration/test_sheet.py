"""Problem lists as offices really send them, and as nobody should: read rightly, or refused with one error."""

import datetime as dt
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter

from engine.clock import iso
from engine.errors import FaultsFound, Misused
from interfaces import package
from interfaces import sheet as module
from interfaces.columns import (
    IMPORTED,
    NAMES,
    as_block,
    as_line,
    as_text,
    left_out,
    map_columns,
    parse_map,
    title_and_description,
    to_instant,
    wanted_names,
)
from interfaces.sheet import Row, Table, Value, fill_down, find_header, read_table

type_of_grid = Sequence[Sequence[object]]
WANTED = wanted_names({})
NOON = dt.datetime(2019, 4, 25, 9, 32, 9)  # noqa: DTZ001 - what a sheet holds has no zone


def workbook(path: Path, grid: type_of_grid, then: Callable[[xlsxwriter.Workbook], None] | None = None) -> Path:
    """A workbook with the grid in its first sheet, dates as Excel writes them."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        dates = book.add_format({"num_format": "yyyy/m/d"})
        times = book.add_format({"num_format": "yyyy/m/d h:mm:ss"})
        page = book.add_worksheet("台账")
        for number, row in enumerate(grid):
            for column, value in enumerate(row):
                if isinstance(value, dt.datetime):
                    page.write_datetime(number, column, value, times)
                elif isinstance(value, dt.date):
                    page.write_datetime(number, column, value, dates)
                else:
                    page.write(number, column, value)
        if then:
            then(book)
    return path


def why(path: Path, sheet: str | None = None) -> str:
    """The reason for which a file is refused."""
    with pytest.raises(FaultsFound) as caught:
        read_table(path, sheet=sheet)
    assert caught.value.code == "bad_file"
    assert caught.value.data["path"] == str(path)
    return str(caught.value.data["why"])


def misuse(headers: Sequence[str], **explicit: str) -> tuple[str, dict[str, object]]:
    """The code and data of the refusal to map these columns."""
    with pytest.raises(Misused) as caught:
        map_columns(headers, explicit)
    return caught.value.code, caught.value.data


def archive(path: Path, parts: dict[str, bytes]) -> Path:
    """A ZIP file of these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in parts.items():
            zipped.writestr(name, content)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger as offices keep it: a title, a header with breaks in it, a gap, merged groups, values of all types."""
    grid: type_of_grid = [
        ["洋泾街道问题整改台账"],
        ["序号", "问题\n类别", "问题描述", "检查\n时间", "责任单位", "整改期限", "复查\n时间", None],
        [1, "即知即改的问题", "窗口台账\n不规范", NOON, "水务处", 5, dt.date(2023, 7, 9)],
        [2, None, "=道路破损", "2023年7月9日", "市容处", "8月底前"],
        [None, " ", None],
        [3, "既重要又突出的问题", "河道漂浮物", 45116, "水务处", 15.5],
        [None, None, None, None, "  "],
    ]
    return workbook(tmp_path / "台账.xlsx", grid)


def test_ledger_is_read_as_it_stands(ledger: Path) -> None:
    """The header is found under the title, breaks in it are gone, rows keep their numbers, blank ones are left out."""
    table = read_table(ledger, wanted=WANTED)
    assert table.headers == ["序号", "问题类别", "问题描述", "检查时间", "责任单位", "整改期限", "复查时间"]
    assert [row.number for row in table.rows] == [3, 4, 6]
    assert table.rows[0].cells == (
        1.0,
        "即知即改的问题",
        "窗口台账\n不规范",
        NOON,
        "水务处",
        5.0,
        dt.date(2023, 7, 9),
    )
    assert table.rows[1].cells == (2.0, None, "=道路破损", "2023年7月9日", "市容处", "8月底前", None)
    assert (table.sheet, table.other_sheets) == ("台账", ())


def test_ledger_maps_by_its_names(ledger: Path) -> None:
    """The usual names need no `--map`; what is not taken is named."""
    table = read_table(ledger, wanted=WANTED)
    mapping = map_columns(table.headers, {})
    assert mapping == {"problem_list": 1, "title": 2, "found_at": 3, "lead_unit": 4, "limit": 5}
    assert left_out(table.headers, mapping) == ["序号", "复查时间"]
    assert [iso(to_instant(row.cells[3])) for row in table.rows] == [
        "2019-04-25T09:32:09+08:00",
        "2023-07-09T00:00:00+08:00",
        "2023-07-09T00:00:00+08:00",
    ]
    assert [as_text(row.cells[5]) for row in table.rows] == ["5", "8月底前", "15.5"]


def test_merged_groups_are_filled_where_asked(ledger: Path) -> None:
    """Only in the columns asked for: a blank elsewhere is a blank."""
    rows = read_table(ledger, wanted=WANTED).rows
    filled = fill_down(rows, [1])
    assert [row.cells[1] for row in filled] == ["即知即改的问题", "即知即改的问题", "既重要又突出的问题"]
    assert [row.cells[6] for row in filled] == [row.cells[6] for row in rows]


def test_merged_cells_of_a_real_merge(tmp_path: Path) -> None:
    """A merge downwards reads as its first row; a header merged over two rows is read from both."""
    grid: type_of_grid = [
        ["重点工作任务清单"],
        ["序号", "问题", "责任单位", None, "备注"],
        [None, None, "牵头部门", "配合部门", None],
        [1, "甲", "水务处", "街道", None],
        [2, "乙", None, "镇", "注"],
    ]

    def merge(book: xlsxwriter.Workbook) -> None:
        page = book.worksheets()[0]
        page.merge_range("A1:E1", "重点工作任务清单")
        page.merge_range("C2:D2", "责任单位")
        for area, text in (("A2:A3", "序号"), ("B2:B3", "问题"), ("E2:E3", "备注"), ("C4:C5", "水务处")):
            page.merge_range(area, text)

    table = read_table(workbook(tmp_path / "merged.xlsx", grid, merge), wanted=WANTED)
    assert table.headers == ["序号", "问题", "牵头部门", "配合部门", "备注"]
    assert fill_down(table.rows, [2])[1] == Row(5, (2.0, "乙", "水务处", "镇", "注"))


def test_names_given_find_a_header_that_no_ledger_has(tmp_path: Path) -> None:
    """`--map` says what to look for; without it the first row with two texts is the header."""
    grid: type_of_grid = [
        ["市民来信"],
        ["2023年", "第一批"],
        ["留言编号", "留言主题", "留言时间"],
        [2549, "垃圾", "2019/4/25 9:32:09"],
    ]
    path = workbook(tmp_path / "letters.xlsx", grid)
    explicit = parse_map(["title=留言主题", "found_at=留言时间", "external_no=留言编号"])
    table = read_table(path, wanted=wanted_names(explicit))
    assert map_columns(table.headers, explicit) == {"title": 1, "found_at": 2, "external_no": 0}
    assert as_text(table.rows[0].cells[0]) == "2549"
    assert read_table(path).headers == ["2023年", "第一批", ""]


def test_the_first_sheet_with_anything_in_it_is_read(tmp_path: Path) -> None:
    """Blank and hidden sheets are passed over; others with a table are named, and can be asked for."""

    def more(book: xlsxwriter.Workbook) -> None:
        hidden = book.add_worksheet("隐藏")
        hidden.write(0, 0, "问题")
        hidden.hide()
        for name in ("第一", "第二"):
            page = book.add_worksheet(name)
            page.write_row(0, 0, ["问题", "备注"])
            page.write_row(1, 0, [name, "注"])
        book.get_worksheet_by_name("第一").activate()

    path = workbook(tmp_path / "sheets.xlsx", [], more)
    table = read_table(path)
    assert (table.sheet, table.other_sheets, table.rows[0].cells[0]) == ("第一", ("第二",), "第一")
    assert read_table(path, sheet="第二").rows[0].cells[0] == "第二"
    assert why(path, sheet="第三") == "no_sheet"


def test_rows_keep_their_numbers_under_a_gap(tmp_path: Path) -> None:
    """A list that begins lower down and further right is numbered as the office sees it."""
    grid: type_of_grid = [[], [], [None, "问题", "备注"], [None, "甲", "注"]]
    table = read_table(workbook(tmp_path / "gap.xlsx", grid))
    assert table == Table(["", "问题", "备注"], [Row(4, (None, "甲", "注"))], "台账", (), 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_csv_of_every_make_is_read(tmp_path: Path, encoding: str, mark: str) -> None:
    """Code page and delimiter are found out; a break inside quotes stays in its cell, numbers stay text."""
    lines = [["台账", "", ""], ["编号", "问题", "备注"], ["007", '"a,b;c\n第二行"', ""], ["", "", ""], ["8", "乙", "x"]]
    path = tmp_path / "台账.CSV"
    path.write_bytes("\r\n".join(mark.join(line) for line in lines).encode(encoding))
    table = read_table(path, wanted=WANTED)
    assert table.headers == ["编号", "问题", "备注"]
    assert table.rows == [Row(3, ("007", "a,b;c\n第二行", None)), Row(5, ("8", "乙", "x"))]


def test_what_is_no_list_is_refused(tmp_path: Path, ledger: Path) -> None:
    """Each with its own reason."""
    content = ledger.read_bytes()
    cases = {
        "macro.xlsm": (content, "kind"),
        "binary.xlsb": (content, "kind"),
        "page.html": (b"<table>", "kind"),
        "empty.csv": (b"", "empty"),
        "blank.csv": (b" , ,\n\n", "empty"),
        "cut.xlsx": (content[: len(content) // 2], "damaged"),
        "text.xlsx": (b"not a zip file", "damaged"),
        "text.xls": (b"not a workbook", "damaged"),
        "secret.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
        "bad.csv": (b"\xff\xff\xff\x81", "encoding"),
        "huge.csv": (b"a" * (module.MAX_BYTES + 1), "too_big"),
        "long.csv": (b"a,b\n" * (module.MAX_ROWS + 100), "too_many_rows"),
        "wide.csv": (b",".join([b"a"] * (module.MAX_COLUMNS + 1)), "too_many_columns"),
        "field.csv": (b"a,b\n" + b"c" * 200_000, "damaged"),
    }
    for name, (data, _) in cases.items():
        (tmp_path / name).write_bytes(data)
    assert {name: why(tmp_path / name) for name in cases} == {name: reason for name, (_, reason) in cases.items()}
    assert why(tmp_path / "nowhere.xlsx") == "missing"
    (tmp_path / "folder.csv").mkdir()
    assert why(tmp_path / "folder.csv") == "unreadable"


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    """There is nothing to import, and that is said."""
    assert why(workbook(tmp_path / "empty.xlsx", [])) == "empty"


def test_macros_under_another_name_are_refused(tmp_path: Path, ledger: Path) -> None:
    """The suffix is a claim; what is in the file counts."""
    with zipfile.ZipFile(ledger) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    assert why(archive(tmp_path / "macro.xlsx", {**parts, "xl/vbaProject.bin": b"x"})) == "kind"


def test_zip_bomb_is_refused(tmp_path: Path) -> None:
    """A small file that unpacks to more than 512 MB is not unpacked to the end, let alone parsed."""
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped, zipped.open("a", "w") as part:
        for _ in range(513):
            part.write(bytes(1024 * 1024))
    assert path.stat().st_size < 4 * 1024 * 1024
    assert why(path) == "too_big"


def test_lying_sizes_are_refused(tmp_path: Path) -> None:
    """A header that declares less than there is does not get the rest past the count."""
    path = archive(tmp_path / "liar.xlsx", {"xl/worksheets/sheet1.xml": bytes(1_000_000)})
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10)))
    assert why(path) == "damaged"


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    """No workbook of this kind has 1,000 parts."""
    assert why(archive(tmp_path / "parts.xlsx", {str(n): b"" for n in range(package.MAX_PARTS + 1)})) == "too_big"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (1_048_575, 16_383, "too_big"),
        (6_000, 16_383, "too_big"),
        (1_048_575, 0, "too_many_rows"),
        (0, 100, "too_many_columns"),
        (19_999, 0, ""),
    ],
)
def test_a_far_cell_does_not_end_us(tmp_path: Path, row: int, column: int, reason: str) -> None:
    """One cell at the far corner makes the parser ask for half a terabyte and die; it is the child that dies."""
    grid: type_of_grid = [["问题", "备注"]]
    path = workbook(tmp_path / "far.xlsx", grid, lambda book: book.worksheets()[0].write(row, column, "远"))
    if reason:
        assert why(path) == reason
    else:
        assert read_table(path).rows[0].number == row + 1


def test_damaged_bytes_give_an_error_or_a_table(ledger: Path, tmp_path: Path) -> None:
    """300 files with bytes changed anywhere: nothing but our own error, and no hang."""
    random_ = random.Random(4)  # noqa: S311 - the same cases each time
    content = ledger.read_bytes()
    path = tmp_path / "mutant.xlsx"
    refused = 0
    for _ in range(300):
        mutant = bytearray(content)
        for _ in range(random_.choice((1, 1, 2, 8))):
            mutant[random_.randrange(len(mutant))] = random_.randrange(256)
        path.write_bytes(mutant)
        try:
            assert isinstance(read_table(path), Table)
        except FaultsFound as error:
            assert error.code == "bad_file"  # noqa: PT017 - either is right
            refused += 1
    assert 150 < refused < 300


def test_damaged_parts_give_an_error_or_a_table(ledger: Path, tmp_path: Path) -> None:
    """60 workbooks whose XML is damaged under right check sums: these reach the parser."""
    random_ = random.Random(4)  # noqa: S311 - the same cases each time
    with zipfile.ZipFile(ledger) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    refused = 0
    for _ in range(60):
        name = random_.choice([name for name in parts if name.endswith(("sheet1.xml", "Strings.xml", "workbook.xml"))])
        part = bytearray(parts[name])
        for _ in range(random_.choice((1, 2, 8))):
            at = random_.randrange(len(part))
            part[at : at + random_.randrange(3)] = random_.choice((b"", b"<", b"9", b"&", b'"', b"\x00", b"\xff"))
        path = archive(tmp_path / "mutant.xlsx", {**parts, name: bytes(part)})
        try:
            assert isinstance(read_table(path), Table)
        except FaultsFound:
            refused += 1
    assert 0 < refused < 60


def test_bytes_after_a_deflated_part_do_not_hang(tmp_path: Path) -> None:
    """A stream that never ends properly is damage, not a wait."""
    path = archive(tmp_path / "torn.xlsx", {"xl/workbook.xml": b"x" * 1000})
    packed = zlib.compressobj(wbits=-15)
    stream = packed.compress(b"x" * 1000) + packed.flush()
    path.write_bytes(path.read_bytes().replace(stream[2:6], b"\xff\xff\xff\xff"))
    assert why(path) == "damaged"


def test_names_are_each_of_one_field() -> None:
    """No alias stands for two fields, and every field that is imported has names."""
    names = [name for field in NAMES.values() for name in field]
    assert len(names) == len(set(names))
    assert set(IMPORTED) <= set(NAMES)


def test_what_is_wrong_is_the_title_or_else_the_description() -> None:
    """问题描述 is the title of a list that has no other; beside a title it is the description."""
    assert map_columns(["问题描述"], {}) == {"title": 0}
    assert map_columns(["问题描述", "具体情况"], {}) == {"title": 0, "description": 1}
    assert map_columns(["存在的问题", "问题名称"], {}) == {"title": 1, "description": 0}
    assert misuse(["问题描述", "主要问题"]) == (
        "columns_compete",
        {"field": "title", "columns": ["问题描述", "主要问题"]},
    )


def test_the_usual_name_wins_over_its_rivals() -> None:
    """Two names of one field are a question, unless one of them is the field's own."""
    assert map_columns(["问题", "责任单位", "主办单位"], {}) == {"title": 0, "lead_unit": 2}
    assert misuse(["问题", "责任单位", "牵头单位"]) == (
        "columns_compete",
        {"field": "lead_unit", "columns": ["责任单位", "牵头单位"]},
    )
    assert map_columns(["问题", "责任单位", "牵头单位"], {"lead_unit": "牵头单位"})["lead_unit"] == 2


def test_ambiguous_names_are_asked_about() -> None:
    """完成时间 may be the limit or the real date; who says which, or that it is not needed, is not asked again."""
    headers = ["问题", "完成时间"]
    assert misuse(headers) == ("column_ambiguous", {"column": "完成时间", "fields": ["limit", "completed_at"]})
    assert map_columns(headers, parse_map(["limit=完成时间"])) == {"title": 0, "limit": 1}
    assert map_columns(headers, parse_map(["ignore=完成时间"])) == {"title": 0}
    assert map_columns([*headers, "整改时限"], {}) == {"title": 0, "limit": 2, "completed_at": 1}
    assert misuse(["问题", "牵头领导"])[0] == "column_ambiguous"
    assert map_columns(["问题", "牵头领导", "挂帅领导"], {}) == {"title": 0, "commander": 2}


def test_map_options_are_read() -> None:
    """FIELD is an identifier or the field's Chinese name; columns to ignore add up."""
    options = ["title＝留言主题", "主办单位=部门", "ignore=甲、乙", "ignore=丙"]
    assert parse_map(options) == {"title": "留言主题", "lead_unit": "部门", "ignore": "甲、乙,丙"}


@pytest.mark.parametrize("option", ["title", "title=", "=问题", "nonsense=问题", "verdict=状态", ""])
def test_a_bad_map_option_names_what_is_allowed(option: str) -> None:
    """Among them a field that exists but is not imported."""
    with pytest.raises(Misused) as caught:
        parse_map([option])
    assert (caught.value.code, caught.value.data["text"]) == ("bad_map", option)
    assert "title" in str(caught.value.data["allowed"])


def test_wrong_maps_are_refused() -> None:
    """A field twice, a column twice, a column that is not there or is there twice, no title at all."""
    with pytest.raises(Misused) as caught:
        parse_map(["title=甲", "title=乙"])
    assert caught.value.code == "map_twice"
    headers = ["问题", "责任人", "责任人", ""]
    assert misuse(headers, handler="经办") == (
        "column_not_found",
        {"column": "经办", "headers": ["问题", "责任人", "责任人"]},
    )
    assert misuse(headers, handler="责任人") == ("column_not_unique", {"column": "责任人", "count": 2})
    assert map_columns(headers, {"handler": "责任人#2"}) == {"title": 0, "handler": 2}
    assert misuse(headers, handler="责任人#3")[0] == "column_not_found"
    assert misuse(headers, title="问题", description="问题") == (
        "column_twice",
        {"column": "问题", "fields": ["title", "description"]},
    )
    assert misuse(["备注"]) == ("column_required", {"field": "title", "headers": ["备注"]})
    assert misuse(headers, verdict="问题")[0] == "bad_map"


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (NOON, "2019-04-25T09:32:09+08:00"),
        (NOON.replace(microsecond=999_999), "2019-04-25T09:32:10+08:00"),
        (dt.date(2023, 7, 9), "2023-07-09T00:00:00+08:00"),
        ("2023/7/9", "2023-07-09T00:00:00+08:00"),
        ("2023.7.9", "2023-07-09T00:00:00+08:00"),
        ("2023-07-09", "2023-07-09T00:00:00+08:00"),
        ("2023年7月9日", "2023-07-09T00:00:00+08:00"),
        ("2023年7月9日9时5分", "2023-07-09T09:05:00+08:00"),
        ("２０２３年７月９日　９：３０", "2023-07-09T09:30:00+08:00"),
        ("\n\t2019/4/25  9:32:09 ", "2019-04-25T09:32:09+08:00"),
        ("20230709", "2023-07-09T00:00:00+08:00"),
        (20230709.0, "2023-07-09T00:00:00+08:00"),
        (45116.0, "2023-07-09T00:00:00+08:00"),
        (45116, "2023-07-09T00:00:00+08:00"),
        (43580.397326388891, "2019-04-25T09:32:09+08:00"),
        ("45116", "2023-07-09T00:00:00+08:00"),
    ],
    ids=repr,
)
def test_dates_of_every_make_are_read(value: Value, instant: str) -> None:
    """As Excel keeps them, as people type them, as a number that lost its format."""
    assert iso(to_instant(value)) == instant


@pytest.mark.parametrize(
    "value",
    [None, "", "尽快", "7月9日", "2023-13-01", 5.0, 1e300, True, dt.time(9), dt.timedelta(1), "99999"],
    ids=repr,
)
def test_what_is_no_date_is_refused(value: Value) -> None:
    """Never a guess."""
    with pytest.raises(Misused):
        to_instant(value)


def test_values_become_text() -> None:
    """A whole number has no point, a date is ISO, a line has no breaks; a number too long to be exact is refused."""
    values: list[Value] = [2549.0, -5.0, 0.5, 13800138000.0, "甲\n乙", True, None, NOON, dt.date(2023, 7, 9)]
    assert [as_text(value) for value in values] == [
        "2549",
        "-5",
        "0.5",
        "13800138000",
        "甲\n乙",
        "是",
        "",
        "2019-04-25 09:32:09",
        "2023-07-09",
    ]
    assert as_line("\n\t\t甲\t乙\r\n") == "甲 乙"
    assert as_block("\n\t\t\n\t　　甲\t乙\r\n\n 丙 \n") == "　　甲\t乙\n\n丙"
    with pytest.raises(Misused) as caught:
        as_text(310115199001011234.0)
    assert (caught.value.code, caught.value.data) == ("digits_lost", {"text": "3.1011519900101126e+17"})


def test_a_title_is_made_from_a_long_text() -> None:
    """The first sentence, cut if need be, and the whole as the description; a short text is the title alone."""
    assert title_and_description(" 路面\n破损 ") == ("路面 破损", "")
    long = "路面破损。" + "长" * 100
    assert title_and_description(long) == ("路面破损", long)
    assert title_and_description("长" * 100) == ("长" * 59 + "…", "长" * 100)


def test_header_is_the_row_with_most_names() -> None:
    """A title above and data below that happen to hold a name do not win; nothing at all is row 0."""
    grid: list[list[Value]] = [["问题"], ["序号", "问题", "备注"], [1.0, "备注", "问题"]]
    assert find_header(grid, WANTED) == 1
    assert find_header([[None], [1.0]], WANTED) == 1
    assert find_header([], WANTED) == 0
