"""Kinds of paper, their numbers and their templates."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from docx import Document

from engine.context import Context, Hand, Rules
from engine.errors import Conflict, FaultsFound, Refused
from engine.evolve import evolve
from engine.loader import load
from engine.paper import FORM, FORMAL, ISSUE, ISSUERS, Counted, Order, Paper, issue, issued, paper_of
from engine.permission import may, table
from interfaces.display import display_block
from interfaces.template import fill, template_of
from tests.hostile import HOSTILE
from tests.unit.test_permission import NOW, PEOPLE, bureau, item_in
from workflows import papers
from workflows.papers import FIELDS, KINDS, ROWS, SERIES, blanks, key_text, number_text, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.calendar import Calendar
    from engine.definition import Definition
    from engine.event import Event

PAPER = Paper("red_supervision", "supervision", 2023, 5, "entry-9")
KIND_IDS = list(KINDS)


class Empty:
    """A record with nothing in it."""

    def head(self) -> tuple[int, str]:
        """Return that there is no entry."""
        return 0, ""

    def events(self, _query: object) -> Iterator[Event]:
        """Yield nothing."""
        return iter(())


def order(group: str = FORMAL, basis: str = "entry-9") -> Order:
    """Make an order for a paper."""
    return Order("red_supervision", "supervision", group, basis, {"title": "试"})


def test_a_number_is_written_one_way_and_read_in_many() -> None:
    """The number as printed, and as people type it; what is none is not guessed at."""
    assert number_text(PAPER) == "督办〔2023〕5号"
    assert key_text(PAPER.key) == "督办〔2023〕5号"
    for text in (
        "督办〔2023〕5号",
        "督办[2023]5号",
        "督办（2023）5号",
        " 督办 ［２０２３］ ５ 号 ",
        "督办〔2023〕第5号",
    ):
        assert read_number(text) == ("supervision", 2023, 5), text
    assert read_number("〔2023〕5号") == ("", 2023, 5)
    for text in ("", "5号", "〔23〕5号", "〔2023〕号", "胡办〔2023〕5号", "督办〔2023〕5号之一", "督办〔2023〕-5号"):
        assert read_number(text) is None, text


def test_kinds_fields_and_registers_agree() -> None:
    """Every kind names known fields and a known register, every field is explained and used, no word of a register serves two."""
    named = {name for kind in KINDS.values() for name in kind.fields}
    assert named == set(FIELDS)
    assert set(ROWS) <= named
    assert {kind.series for kind in KINDS.values()} - {""} == set(SERIES)
    assert len(set(SERIES.values())) == len(SERIES)
    assert all(set(kind.needs) <= set(kind.fields) for kind in KINDS.values())
    assert all(kind.group in ISSUERS for kind in KINDS.values())


@pytest.mark.parametrize("who", PEOPLE)
def test_issuing_follows_the_permission_table(who: str, siban: Definition, calendar: Calendar) -> None:
    """Whoever the table lets issue may, in both groups, and nobody else."""
    rules, item = Rules(siban, calendar, bureau()), item_in(siban, "rectifying", {"track": "led"})
    context = Context(rules, Hand(who, who), NOW, NOW, lambda _number: None)
    nothing: Any = Empty()
    for group in (FORMAL, FORM):
        about = [rule for rule in table(siban) if rule.verb == ISSUE and rule.about == group]
        try:
            issue(item, order(group), Counted({}, 0), nothing, context)
            real = True
        except Refused as error:
            real = error.code != "not_allowed"
        assert real == may(about, ISSUE, item.state, PEOPLE[who], item.fields), (who, group)


def test_one_basis_gives_one_paper(siban: Definition, calendar: Calendar) -> None:
    """The next number of the year of entry; a second paper on the same basis is refused, one on another is not."""
    rules, item = Rules(siban, calendar, bureau()), item_in(siban, "rectifying", {})
    context = Context(rules, Hand("chief", "chief"), NOW, NOW, lambda _number: None)
    nothing: Any = Empty()
    entry = issue(item, order(), Counted({2022: 90, 2023: 4}, 7), nothing, context)[0]
    assert paper_of(entry)[:5] == PAPER[:5]
    after = evolve(item, entry)
    assert issued(after)[0][:5] == PAPER[:5]
    assert (after.state, after.clocks, after.effective_at) == (item.state, item.clocks, item.effective_at)
    with pytest.raises(Conflict, match="paper_issued"):
        issue(after, order(), Counted({2023: 5}, 8), nothing, context)
    assert paper_of(issue(after, order(basis="entry-10"), Counted({2023: 5}, 8), nothing, context)[0]).no == 6


# -- templates -------------------------------------------------------------------------------------------------------


def text_of(document: bytes) -> str:
    """Return all text of a Word file, headers too."""
    docx = Document(io.BytesIO(document))
    parts = [p.text for p in docx.paragraphs]
    parts += [p.text for t in docx.tables for row in t.rows for cell in row.cells for p in cell.paragraphs]
    for section in docx.sections:
        for header in (section.header, section.even_page_header):
            parts += [p.text for p in header.paragraphs]
    return "\n".join(parts)


@pytest.mark.parametrize("name", KIND_IDS)
def test_a_shipped_template_is_a4_and_says_every_field_it_names(name: str) -> None:
    """Each template passes its own check, has the page of GB/T 9704, names fonts with a fallback, and leaves no brace behind."""
    kind = KINDS[name]
    path = template_of(kind, None)
    values = blanks(kind) | {field: f"〈{field}〉" for field in kind.fields if field not in ROWS}
    values["colour"] = "F4B0B0"
    values |= {field: ["〈一行〉"] for field in ("ladder", "requests") if field in kind.fields}
    for field in (field for field in kind.fields if field in ROWS and not field.startswith("pictures")):
        values[field] = [{part: f"〈{field}.{part}〉" for part in ROWS[field]}]
    document = fill(path, values, kind.needs)
    said = text_of(document)
    assert "{" not in said.replace("〔", "")
    assert "}" not in said
    assert all(f"〈{field}〉" in said for field in ("mark", "title", "serial", "lead_unit") if field in kind.fields)
    section = Document(io.BytesIO(document)).sections[0]
    assert [round(side.mm) for side in (section.page_width, section.page_height) if side] == [210, 297]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(side.mm) for side in margins if side] == [37, 35, 28, 26]
    fonts = zipfile.ZipFile(io.BytesIO(document)).read("word/fontTable.xml").decode()
    assert 'w:name="仿宋_GB2312"><w:altName w:val="仿宋"/>' in fonts


def without_template(*definitions: Definition) -> set[str]:
    """Return the papers that ladders may draft and that no kind prints."""
    return {name for one in definitions for name in papers.without_template(one)}


def test_every_paper_of_a_ladder_has_its_template() -> None:
    """Whatever a shipped ladder drafts, one kind prints, and its template is there; a ladder that drafts another is found out."""
    shipped = [
        path.read_text(encoding="utf-8") for path in sorted(papers.HERE.parent.glob("*.toml")) if path.stem != "bureau"
    ]
    assert without_template(*map(load, shipped)) == set()
    drafts = [name for kind in KINDS.values() for name in kind.drafts]
    assert len(drafts) == len(set(drafts))
    assert all((papers.HERE / f"{kind.template}.docx").exists() for kind in KINDS.values())
    other = next(text for text in shipped if 'paper = "约谈建议"' in text).replace(
        'paper = "约谈建议"', 'paper = "通报"'
    )
    assert without_template(load(other)) == {"通报"}


BRACES = (
    "{{7*7}}",
    "{% for x in y %}",
    "{#",
    "{_{ a }_}",
    "{_% a %_}",
    "a & b < c > d \"e\" 'f'",
    "{%tr x %}",
    "&#95;",
)


def test_hostile_text_stands_as_text() -> None:
    """Everything anybody could enter comes out as text: nothing is computed, lost, or illegal in XML."""
    kind = KINDS["reminder"]
    texts = [*HOSTILE, *BRACES]
    values = blanks(kind) | {"lead_unit": "¦".join(texts), "mark": "{{ title }}", "number": "{{7*7}}"}
    said = text_of(fill(template_of(kind, None), values, kind.needs))
    assert "49" not in said
    assert "{{ title }}" in said
    for text in texts:
        assert display_block(text) in said, text


def write_template(path: Path, *lines: str) -> Path:
    """Write a template with these paragraphs."""
    docx = Document()
    for line in lines:
        docx.add_paragraph(line)
    docx.save(str(path))
    return path


GOOD = "{{ number }} {{ mark }}"


@pytest.mark.parametrize(
    ("lines", "why", "place"),
    [
        ((GOOD, "{{ nobody }}"), "unknown_field", "{{ nobody }}"),
        ((GOOD, "{% for row in title %}{{ row.nothing }}{% endfor %}"), "unknown_field", "row.nothing"),
        ((GOOD, "{{ title"), "syntax", "{{ title"),
        ((GOOD, "{% if title %}"), "syntax", ""),
        ((GOOD, "{{ title | nofilter }}"), "syntax", "nofilter"),
        (("{{ title }}",), "field_missing", ""),
        ((GOOD, "{{ title / 2 }}"), "cannot_fill", ""),
    ],
)
def test_a_faulty_template_is_refused_with_its_place(
    tmp_path: Path, lines: tuple[str, ...], why: str, place: str
) -> None:
    """What an office's own template has wrong is said with where; nothing is printed from it."""
    kind = KINDS["reminder"]
    path = write_template(tmp_path / "own.docx", *lines)
    with pytest.raises(FaultsFound) as caught:
        fill(path, blanks(kind) | {"title": "试"}, kind.needs)
    assert caught.value.data["why"] == why
    assert place in str(caught.value.data["place"])


def test_an_own_template_is_used(tmp_path: Path) -> None:
    """Control: a sound one is filled; in a folder only the kinds that are there are replaced."""
    kind = KINDS["reminder"]
    write_template(tmp_path / "reminder.docx", GOOD, "本局自备：{{ title }}")
    said = text_of(fill(template_of(kind, str(tmp_path)), blanks(kind) | {"title": "试"}, kind.needs))
    assert "本局自备：试" in said
    assert template_of(KINDS["dossier"], str(tmp_path)) == papers.HERE / "dossier.docx"


def test_a_damaged_template_is_refused(tmp_path: Path) -> None:
    """Cut off, no zip, a zip of something else, a zip that unpacks to far too much, none at all: one refusal each."""
    kind = KINDS["reminder"]
    whole = template_of(kind, None).read_bytes()
    bomb, other = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("word/document.xml", b"\0" * (60 * 1024 * 1024))
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("a.txt", "a")
    cases = {"damaged": (whole[: len(whole) // 2], b"no zip", b"", other.getvalue()), "too_large": (bomb.getvalue(),)}
    for why, contents in cases.items():
        for content in contents:
            path = tmp_path / "own.docx"
            path.write_bytes(content)
            with pytest.raises(FaultsFound) as caught:
                fill(path, blanks(kind), kind.needs)
            assert caught.value.data["why"] == why
    with pytest.raises(FaultsFound) as caught:
        fill(tmp_path / "none.docx", blanks(kind), kind.needs)
    assert caught.value.data["why"] == "missing"
    with pytest.raises(FaultsFound) as caught:
        fill(tmp_path, blanks(kind), kind.needs)
    assert caught.value.data["why"] == "unreadable"
