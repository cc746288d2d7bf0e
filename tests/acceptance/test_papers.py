"""Papers and evidence at the counter: what is printed, when it gets its number, how its signed scan comes back."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from docx import Document

import cli
from engine.clock import SystemTime, civil
from engine.context import Hand
from engine.errors import SibanError
from engine.notice import DRAFT
from interfaces.display import display_block
from interfaces.session import Session
from tests.hostile import HOSTILE
from tests.people import AUDITOR, OUTSIDER, Bureau, real
from tests.pictures import JPEG, png
from tests.said import Said
from tests.unit.test_papers import text_of
from workflows.papers import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trial import Ledger

HEAD, RIVER, ECOLOGY, PRINCIPAL = "o11", "o27", "o33", "o01"

EACH = {
    "催办通知书": (
        7,
        "催办〔2023〕1号",
        ("河道署：", "部分河长公示牌信息未及时更新", "逾期7个工作日", "倪国平（署长）"),
    ),
    "红色督办单": (7, "督办〔2023〕1号", ("红色：逾期未办结", "此前已发催办通知书1次", "方文静，2023年6月14日签发")),
    "黄色督办单": (3, "督办〔2023〕1号", ("抓紧审定方案", "2023年6月20日前书面答复", "浦环阅〔2023〕31号")),
    "蓝色督办单": (2, "", ("蓝色：临近办结时限", "草稿（未签发）", "余1个工作日")),
    "约谈建议": (
        7,
        "",
        (
            "草稿（未签发）",
            "河道署负责人倪国平，责任人龚伟杰",
            "此前已发催办通知书1次、督办单1次。",
            "此处由办公室填写",
        ),
    ),
    "专报": (
        7,
        "",
        ("草稿（未签发）", "列入即知即改的问题清单", "整改时限为2023年6月5日，现已逾期7个工作日", "此处由办公室填写"),
    ),
    "延期审批单": (
        2,
        "延期〔2023〕1号",
        ("养护单位正在核减", "2023年6月15日", "同意。（潘立群，2023年5月29日，已记录）"),
    ),
    "暂缓办理审批单": (5, "暂缓〔2023〕1号", ("季节、天气原因", "汛期水位过高无法施工", "第1次")),
    "销号申请表": (1, "销号〔2023〕1号", ("已全部清理完毕", "整改后照片.jpg（整改后）", "反映人：已反馈")),
    "卷宗": (1, "", ("陈**，138****0003", "一、基本情况", "七、存证", "缺失", "柳塘港桥下水面漂浮垃圾聚集")),
}
"""Each kind: an item of the trial ledger, its number ("" where none is given), and what the paper says."""


class Desk(NamedTuple):
    """The trial ledger, and somebody who runs commands on it."""

    path: Path
    run: Callable[..., Said]

    def paper(self, *arguments: str, who: str = HEAD) -> Said:
        """Run a command as somebody."""
        return self.run("--db", str(self.path), "--as", who, *arguments)


@pytest.fixture
def desk(book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A copy of the trial ledger in a folder of its own."""
    monkeypatch.chdir(book.parent)

    def run(*arguments: str) -> Said:
        status = cli.run(list(arguments))
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return Desk(book, run)


def read(name: str) -> str:
    """Return the text of a paper in the present folder."""
    return text_of(Path(name).read_bytes())


@pytest.mark.parametrize("title", EACH)
def test_each_kind_says_what_the_record_says(desk: Desk, title: str) -> None:
    """Every kind from the trial ledger: filled, numbered where it may go out, marked as a trial's, no name of a reporter."""
    item, number, texts = EACH[title]
    said = desk.paper("文书", str(item), title, "--to", "a.docx")
    assert said.status == 0, said
    text = read("a.docx")
    for expected in (*texts, "试用库打印，不作公文使用", *([number] if number else [])):
        assert expected in text, (expected, text)
    assert ("草稿" in text) == (not number and title != "卷宗")
    assert "{" not in text
    assert "陈女士" not in text
    assert "13800000003" not in text
    assert Path("a.docx").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (1, "2023年5月10日报办结，未超过时限。"),
        (4, "现暂停计时，目前为“提请上级协调”。"),
        (10, "整改时限待明确，目前为“待受理”。"),
        (12, "余11个工作日，目前为“单位审核”，已报办结，尚待核验。"),
    ],
)
def test_a_dossier_says_how_an_item_stands(desk: Desk, item: int, words: str) -> None:
    """Done, paused, without a limit, reported and not yet verified: each in its own sentence."""
    assert desk.paper("文书", str(item), "卷宗", "--to", "a.docx").status == 0
    assert words in read("a.docx")


def test_a_count_up_to_a_date_is_folded_in_the_dossier(desk: Desk) -> None:
    """Days that lead up to a date are not counted, and only the ends are listed; those of a limit in days are, one by one."""
    for item, rows, words in ((3, 3, "日）"), (1, 8, "2023年5月13日")):
        assert desk.paper("文书", str(item), "卷宗", "--to", f"{item}.docx").status == 0
        table = next(t for t in Document(f"{item}.docx").tables if "累计" in [c.text for c in t.rows[0].cells])
        assert len(table.rows) == rows + 1, item
        assert any(words in row.cells[0].text for row in table.rows)


def test_every_kind_is_tried() -> None:
    """Control: the table above names every kind there is."""
    assert set(EACH) == {kind.title for kind in KINDS.values()}


def test_a_draft_gets_its_number_when_somebody_releases_it(desk: Desk) -> None:
    """Before the release 草稿 and no number; after it a number and no 草稿; withheld, never one, and the next paper takes the next."""
    assert desk.paper("文书", "8", "红色督办单", "--to", "a.docx").out.count("草稿（未签发）") == 1
    before = read("a.docx")
    assert "草稿（未签发）" in before
    assert "〔" not in before.partition("督办事项")[0].partition("编号")[2]
    assert desk.paper("签发", drafts(desk.path, 8, "督办单")[0]).status == 0
    for name, again in (("b.docx", ""), ("c.docx", "此前已制发")):
        said = desk.paper("文书", "8", "红色督办单", "--to", name)
        assert "督办〔2023〕1号" in said.out
        assert again in said.out
    assert "草稿" not in read("b.docx")
    assert read("b.docx") == read("c.docx")
    assert desk.paper("文书", "7", "红色督办单", "--to", "d.docx").out.count("督办〔2023〕2号") == 1


def drafts(path: Path, item: int, paper: str) -> list[str]:
    """Return the numbers of the drafts of a paper that wait for their release."""
    session = Session(str(path), HEAD)
    with session.store.read() as reader:
        found = [str(n.number) for n in reader.notices(item=item, status=DRAFT) if n.paper == paper]
    session.close()
    return found


def test_what_the_upper_rungs_draft_gets_its_number_from_a_leader(desk: Desk) -> None:
    """约谈建议 and 专报 say which rung drafted them and what went out before; only a leader releases them, then they have numbers."""
    assert desk.paper("--at", "2023-07-14 10:00", "tick").status == 0
    for title, register, cause, before in (
        (
            "约谈建议",
            "约谈",
            "到期后10个工作日仍未办结，已达逐级督办的“约谈”层级",
            "此前已发催办通知书1次、督办单1次。",
        ),
        (
            "专报",
            "专报",
            "到期后20个工作日仍未办结，已达逐级督办的“专报上级”层级",
            "此前已发催办通知书1次、督办单1次、约谈建议1次。",
        ),
    ):
        left = drafts(desk.path, 7, title)
        assert left
        assert "草稿（未签发）" in desk.paper("文书", "7", title, "--to", "a.docx", "--force").out
        assert cause in read("a.docx")
        assert "〔2023〕" not in read("a.docx").partition("编号")[0]
        assert desk.paper("签发", left[0], who=HEAD).status == 1
        assert desk.paper("签发", *left, who=PRINCIPAL).status == 0
        assert f"{register}〔2023〕1号" in desk.paper("文书", "7", title, "--to", "a.docx", "--force").out
        said = read("a.docx")
        assert "草稿" not in said
        assert all(text in said for text in (f"{register}〔2023〕1号", cause, before))
    assert drafts(desk.path, 8, "约谈建议")
    assert desk.paper("文书", "8", "专报", "--to", "b.docx").out.count("草稿（未签发）") == 1
    assert "此前已发催办通知书1次。" in read("b.docx"), "what waits for its release has not gone out"


def test_a_withheld_paper_is_not_issued(desk: Desk) -> None:
    """When every receiver's draft is withheld there is no paper, and no number is used up."""
    assert desk.paper("暂不发出", *drafts(desk.path, 8, "督办单"), "--理由", "已当面约谈").status == 0
    said = desk.paper("文书", "8", "红色督办单")
    assert said.status == 1
    assert "暂不发出" in said.err
    assert not list(Path().glob("*.docx"))
    assert "督办〔2023〕1号" in desk.paper("文书", "3", "黄色督办单").out


def test_printing_again_gives_what_was_issued(desk: Desk) -> None:
    """The item moves on, the paper does not: same number, date and words, also by its number, and by those who may only look."""
    assert desk.paper("文书", "7", "催办通知书", "--to", "a.docx").status == 0
    text = read("a.docx")
    for arguments in (
        (
            "--at",
            "2023-06-20 10:00",
            "报办结",
            "7",
            "--整改情况",
            "信息已全部更新",
            "--办理结果",
            "已解决",
            "--佐证材料",
            "a.docx",
        ),
        ("--at", "2024-02-01 10:00", "备注", "7", "后来"),
    ):
        assert desk.run("--db", str(desk.path), "--as", "o28", *arguments).status == 0
    assert desk.paper("文书", "7", "催办通知书", "--number", "〔2023〕1号", "--to", "b.docx", who="o28").status == 0
    assert read("b.docx") == text
    assert desk.paper("文书", "7", "催办通知书", "--number", "〔2023〕2号").status == 1
    rows = json.loads(desk.paper("文书", "7", "-o", "json").out)
    assert [(row["number"], row["date"], row["issued_by"]) for row in rows] == [
        ("催办〔2023〕1号", "2023年6月14日", HEAD)
    ]


@pytest.mark.parametrize(
    ("who", "arguments", "status", "words"),
    [
        (RIVER, ("7", "催办通知书"), 1, "无权制发文书"),
        (ECOLOGY, ("7", "催办通知书"), 1, "没有事项 7"),
        (HEAD, ("5", "延期审批单"), 1, "没有延期申请"),
        (HEAD, ("7", "销号申请表"), 1, "尚未报办结"),
        (HEAD, ("3", "红色督办单"), 1, "未逾期，不能用红色督办单"),
        (HEAD, ("8", "蓝色督办单"), 1, "已逾期，不能用蓝色督办单"),
        (HEAD, ("4", "黄色督办单"), 0, "草稿（未签发），未编号"),
        (HEAD, ("7", "公函"), 1, "没有文种“公函”"),
        (HEAD, ("7", "卷宗", "--to", "a.pdf"), 2, ".docx"),
        (HEAD, ("7", "卷宗", "--to", "office.db.docx/x.docx"), 5, "文件夹不存在"),
        (HEAD, ("7", "催办通知书", "--number", "五号"), 1, "看不懂文书编号"),
        (HEAD, (), 2, "请写明事项和文种"),
    ],
)
def test_what_cannot_be_printed_is_said_in_a_sentence(
    desk: Desk, who: str, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """Not allowed, not seen, nothing to rest on, no such kind, nowhere to write: one sentence, no file, no number."""
    said = desk.paper("文书", *arguments, who=who)
    assert said.status == status, said
    assert words in said.out + said.err
    if status:
        assert said.err.count("\n") == 1
        assert not list(Path().glob("*.docx"))
    assert "制发文书" not in desk.paper("log", "-n", "0", "--结果", "办成").out


def test_a_trial_run_and_a_name_that_is_taken_use_up_no_number(desk: Desk) -> None:
    """--dry-run writes neither file nor entry; a file that is there is not overwritten unless told to."""
    said = desk.paper("文书", "7", "红色督办单", "--dry-run", "-o", "json")
    assert json.loads(said.out)["files"] == []
    assert not list(Path().glob("*.docx"))
    Path("a.docx").write_text("别的", encoding="utf-8")
    assert desk.paper("文书", "7", "红色督办单", "--to", "a.docx").status == 1
    assert Path("a.docx").read_text(encoding="utf-8") == "别的"
    assert desk.paper("文书", "7").out.count("〔") == 0
    forced = desk.paper("文书", "7", "红色督办单", "--to", "a.docx", "--force", "-o", "json")
    assert json.loads(forced.out) | {"pictures_left": []} == {
        "serial": "ZG2023-0007", "kind": "red_supervision", "title": "红色督办单", "number": "督办〔2023〕1号",
        "draft": False, "again": False, "files": ["a.docx"], "pictures_left": [],
    }  # fmt: skip
    assert "督办〔2023〕1号" in read("a.docx")
    assert sorted(path.name for path in Path().glob("*.docx*")) == ["a.docx"]


def test_an_office_edits_a_template(desk: Desk) -> None:
    """Templates are taken out, changed and used, from a folder or alone; a faulty one is refused with its place and uses up no number."""
    assert desk.paper("文书", "--copy-templates", "模板").status == 0
    path = Path("模板", "supervision.docx")
    docx = Document(str(path))
    docx.paragraphs[0].runs[0].text = "本局{{ kind }}"
    docx.save(str(path))
    assert desk.paper("文书", "3", "黄色督办单", "--template", "模板", "--to", "a.docx").status == 0
    assert "本局黄色督办单" in read("a.docx")
    docx.paragraphs[0].runs[0].text = "{{ kind }}{{ signature }}"
    docx.save(str(path))
    said = desk.paper("文书", "7", "红色督办单", "--template", str(path))
    assert said.status == 4
    assert re.search(
        r"supervision\.docx 不能使用，在正文“.*signature.*”处：没有“signature”这个字段；可用：kind、mark、", said.err
    )
    path.write_bytes(path.read_bytes()[:1000])
    assert "不是完好的 Word 文件" in desk.paper("文书", "7", "红色督办单", "--template", str(path)).err
    assert "没有这个文件" in desk.paper("文书", "7", "红色督办单", "--template", "无.docx").err
    assert "督办〔2023〕2号" in desk.paper("文书", "7", "红色督办单").out
    fields = json.loads(desk.paper("文书", "--list", "红色督办单", "-o", "json").out)
    assert {"field": "mark", "title": "草稿、试用的标记，签发后为空", "row": [], "needed": True} in fields


def asked(ledger: Ledger) -> None:
    """Let the river station ask for more time."""
    one = ledger.assigned("河道保洁不及时", track="campaign", limit="2023-05-31")
    ledger.planned(one, "2023-05-30")
    ledger.ask(RIVER, "extension", one, until="2023-06-15", reason="养护单位正在核减", progress_note="已完成两家")


def test_on_a_real_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No trial mark; the lead unit fills in its own form; an auditor looks at everything and gives no number."""
    monkeypatch.chdir(tmp_path)
    real(tmp_path / "office.db", asked)
    run = Bureau(tmp_path / "office.db", capsys, monkeypatch)
    refused = run(AUDITOR, "文书", "1", "延期审批单", "--to", "a.docx")
    assert (refused.status, Path("a.docx").exists()) == (1, False)
    assert "只能查看" in refused.err
    assert run(AUDITOR, "文书", "1", "卷宗", "--to", "b.docx").status == 0
    assert run(OUTSIDER, "文书", "1", "卷宗", "--to", "c.docx").status == 1
    first = run(RIVER, "文书", "1", "延期审批单", "--to", "a.docx")
    year = civil(SystemTime().now()).year
    assert f"延期〔{year}〕1号" in first.out
    again = run(AUDITOR, "文书", "1", "延期审批单", "--to", "d.docx")
    assert "此前已制发" in again.out
    assert read("a.docx") == read("d.docx")
    assert all("试用" not in read(name) for name in ("a.docx", "b.docx"))


# -- evidence --------------------------------------------------------------------------------------------------------


def test_the_signed_scan_comes_back_by_the_papers_number(desk: Desk) -> None:
    """Attached by number: kept as that paper's scan, shown in show, list, log and dossier; a wrong number names what there is."""
    assert desk.paper("文书", "7", "催办通知书", "--to", "a.docx").status == 0
    assert desk.paper("文书", "3", "黄色督办单", "--to", "b.docx").status == 0
    Path("扫描件.pdf").write_bytes(b"%PDF-1.4 scan")
    assert "催办〔2023〕1号、督办〔2023〕1号" in desk.paper("附件", "--paper", "〔2023〕1号", "扫描件.pdf").err
    assert desk.paper("附件", "--paper", "延期〔2023〕1号", "扫描件.pdf").status == 1
    assert desk.paper("附件", "--paper", "催办〔2023〕1号", "扫描件.pdf", who=ECOLOGY).status == 1
    assert desk.paper("附件", "--paper", "催办（2023）1号", "扫描件.pdf", "--dry-run").status == 0
    assert json.loads(desk.paper("佐证", "7", "-o", "json").out) == []
    assert desk.paper("附件", "--paper", "催办（2023）1号", "扫描件.pdf").status == 0
    assert "催办〔2023〕1号  催办通知书（签章件：扫描件.pdf）" in desk.paper("show", "7").out
    assert json.loads(desk.paper("文书", "7", "-o", "json").out)[0]["scans"] == ["扫描件.pdf"]
    assert json.loads(desk.paper("佐证", "7", "-o", "json").out)[0]["kind"] == "催办〔2023〕1号签章件"
    assert desk.paper("文书", "7", "卷宗", "--to", "c.docx").status == 0
    assert "扫描件.pdf" in read("c.docx")
    assert desk.paper("check").status == 0


def test_pictures_before_and_after_stand_in_the_dossier(desk: Desk) -> None:
    """Two pictures are in the dossier as pictures, in their places; what is none is listed; one changed since is named and left out."""
    Path("甲.png").write_bytes(png(40, 30))
    Path("乙.jpg").write_bytes(JPEG)
    Path("整改前说明.jpg").write_bytes(b"no picture")
    assert desk.paper("附件", "5", "整改前说明.jpg", "--整改前", "甲.png", "--整改后", "乙.jpg", who=RIVER).status == 0
    said = desk.paper("文书", "5", "卷宗", "--to", "a.docx")
    assert "图片未嵌入：整改前说明.jpg（不是 PNG 或 JPEG 图片）" in said.err
    docx = Document(str(Path("a.docx")))
    assert len(docx.inline_shapes) == 2
    texts = [p.text for p in docx.paragraphs]
    assert texts.index("甲.png") == texts.index("整改前") + 2
    assert texts.index("乙.jpg") == texts.index("整改后") + 2
    rows = json.loads(desk.paper("佐证", "5", "-o", "json").out)
    assert [(row["name"], row["shows"], row["state"]) for row in rows] == [
        ("整改前说明.jpg", "before", "完好"), ("甲.png", "before", "完好"), ("乙.jpg", "after", "完好"),
    ]  # fmt: skip
    assert desk.paper("佐证", "5", "--to", "取出").status == 0
    assert Path("取出", "02 甲.png").read_bytes() == png(40, 30)
    assert desk.paper("佐证", "5", "--to", "取出").status == 1
    Path("丙.jpg").write_bytes(JPEG[:2] + JPEG[20:])  # without the header that names the format: rare, and sound
    assert desk.paper("附件", "5", "--整改后", "丙.jpg", who=RIVER).status == 0
    said = desk.paper("文书", "5", "卷宗", "--to", "odd.docx")
    assert (said.status, "图片未嵌入：丙.jpg（编码格式特殊）" in said.err) == (0, True)
    assert len(Document(str(Path("odd.docx"))).inline_shapes) == 2
    sha256 = rows[1]["sha256"]
    Path(f"{desk.path}.files", sha256[:2], sha256).write_bytes(png(41, 30))
    said = desk.paper("佐证", "5")
    assert said.status == 4
    assert "第 2 甲.png：已改动" in said.err
    assert desk.paper("附件", "5", "--整改后", "乙.jpg").status == 0  # the same once more
    desk.paper("文书", "5", "卷宗", "--to", "b.docx")
    assert len(Document(str(Path("b.docx"))).inline_shapes) == 1
    Path(f"{desk.path}.files", sha256[:2], sha256).unlink()
    assert "甲.png" in desk.paper("doctor").out


# -- hostile text ----------------------------------------------------------------------------------------------------


def hostile_items(path: Path, texts: tuple[str, ...]) -> list[tuple[int, str]]:
    """Register an item for every text that is taken, with it as title and description; return the titles as they may be shown."""
    session = Session(str(path), HEAD)
    hand, numbers = Hand(HEAD, HEAD), []
    for text in texts:
        fields = {"title": text, "description": text, "source": "study"}
        try:
            item = session.office.register("siban", [(fields, None)], hand)[0].after
        except (SibanError, UnicodeEncodeError):
            continue
        session.office.remark([item.number], "comment", {"fields": {"comment": text}}, hand)
        numbers.append((item.number, display_block(item.text("title"))))
    session.close()
    return numbers


def dossiers(desk: Desk, texts: tuple[str, ...]) -> int:
    """Print the dossier of an item for each text; every one opens and holds the text as it is."""
    items = hostile_items(desk.path, texts)
    for number, text in items:
        said = desk.paper("文书", str(number), "卷宗", "--to", f"{number}.docx")
        assert said.status == 0, (text, said)
        assert text in read(f"{number}.docx"), text
    return len(items)


def test_text_of_others_is_never_a_template(desk: Desk) -> None:
    """Fields of a template, markup and the like in a title stand in the dossier as they were typed."""
    assert (
        dossiers(desk, ("{{7*7}} {{ serial }}", "{% endfor %}{_{ x }_}", "<w:p>&amp; & ]]>", "{%tr for a in b %}")) == 4
    )


@pytest.mark.slow
def test_no_text_breaks_a_dossier(desk: Desk) -> None:
    """The same for every hostile string that is taken."""
    assert dossiers(desk, HOSTILE) > 20


# -- PDF -------------------------------------------------------------------------------------------------------------


def media_boxes(document: bytes) -> set[tuple[int, int]]:
    """Return the sizes of a PDF's pages in millimetres."""
    found = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", document)
    return {(round(float(w) / 72 * 25.4), round(float(h) / 72 * 25.4)) for w, h in found}


def test_a_paper_as_pdf_is_a4(desk: Desk) -> None:
    """LibreOffice reads what we write and lays it out on A4; without it the Word file is not even begun."""
    if not shutil.which("soffice"):
        pytest.skip("没有 LibreOffice（soffice），PDF 没有试过")
    said = desk.paper("文书", "7", "红色督办单", "--pdf", "--to", "a.docx")
    assert said.status == 0, said
    assert media_boxes(Path("a.pdf").read_bytes()) == {(210, 297)}


@pytest.mark.slow
@pytest.mark.parametrize("title", EACH)
def test_each_kind_becomes_a_pdf(desk: Desk, title: str) -> None:
    """Every kind is one page, but for the application with pictures and the dossier."""
    if not shutil.which("soffice"):
        pytest.skip("没有 LibreOffice（soffice），PDF 没有试过")
    item = EACH[title][0]
    assert desk.paper("文书", str(item), title, "--pdf", "--to", "a.docx").status == 0
    document = Path("a.pdf").read_bytes()
    assert media_boxes(document) == {(210, 297)}
    pages = len(re.findall(rb"/Type\s*/Page\b", document))
    assert pages == 1 or title in ("专报", "销号申请表", "卷宗")


def test_without_libreoffice_nothing_is_begun(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing program is said first: no file, no number."""
    monkeypatch.setenv("PATH", str(desk.path.parent))
    said = desk.paper("文书", "7", "红色督办单", "--pdf", "--to", "a.docx")
    assert (said.status, Path("a.docx").exists()) == (1, False)
    assert said.err == "没有转成 PDF：没有找到 LibreOffice（soffice）；Word 文件可以照常打印。\n"
    assert "制发文书" not in desk.paper("log", "7", "-n", "0").out


def test_a_word_file_reads_back_as_it_was_written() -> None:
    """Control: the reading that these tests lean on finds the text of a table and of a header."""
    docx, out = Document(), io.BytesIO()
    docx.add_table(1, 1).rows[0].cells[0].text = "表中"
    docx.sections[0].header.paragraphs[0].text = "页眉"
    docx.save(out)
    assert {"表中", "页眉"} <= set(text_of(out.getvalue()).split("\n"))
