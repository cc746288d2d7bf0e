"""Word templates of papers and of the bulletin: held to the fields that there are, then filled. A fault is one sentence with its place."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import FaultsFound, Misused
from interfaces.display import display, display_block
from interfaces.picture import way_of
from workflows import papers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from docxtpl import DocxTemplate, InlineImage
    from jinja2 import Environment

    from interfaces.evidence import Picture
    from workflows.papers import Kind

MOST_BYTES = 50 * 1024 * 1024
"""How large the parts of a template may be together once unpacked."""

_WIDE, _HIGH = 110, 88  # millimetres that a picture takes at most
_SHOWN = 40  # characters of a place that is quoted
_HEADERS = {"header": "页眉", "footer": "页脚"}


def template_of(kind: Kind, given: str | None) -> Path:
    """Return the template of a kind: the file given, the one of its name in the folder given, or the shipped one.

    Raises `Misused("bad_template")` when nothing is where it should be.
    """
    shipped = papers.HERE / f"{kind.template}.docx"
    if not given:
        return shipped
    path = Path(given)
    if path.is_dir():
        own = path / shipped.name
        return own if own.exists() else shipped
    if not path.exists():
        raise Misused("bad_template", path=given, why="missing", place="", name="")
    return path


def fill(
    path: Path,
    content: Mapping[str, object],
    needs: Sequence[str] = (),
    pictures: Mapping[str, Picture] | None = None,
) -> bytes:
    """Fill a template and return the Word file. `content` has every field that it may name, `needs` are those that it must.

    `pictures` are found by the SHA-256 that stands as `image` in the rows. Raises `FaultsFound("bad_template")` with what is wrong
    and where: damaged, syntax, unknown field, a needed one left out.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    template = _opened(path)
    _check(template, path, content, needs, environment)
    values = {name: _value(value, template, pictures or {}) for name, value in content.items()}
    out = io.BytesIO()
    try:
        template.render(values, environment, autoescape=True)
        template.save(out)
    except TemplateError as error:
        raise _fault(path, error, template, content) from error
    except Exception as error:  # whatever a template makes of our values, it is the template's fault
        raise _refused(path, "cannot_fill", type(error).__name__) from error
    return out.getvalue()


def _opened(path: Path) -> DocxTemplate:
    """Open a template, or say why it is none."""
    from docxtpl import DocxTemplate

    size = 0
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
        template = DocxTemplate(io.BytesIO(data if size <= MOST_BYTES else b""))
        template.init_docx()
    except OSError as error:
        raise _refused(path, "missing" if isinstance(error, FileNotFoundError) else "unreadable") from error
    except Exception as error:  # python-docx, lxml and zipfile each have their own words for a damaged file
        raise _refused(path, "too_large" if size > MOST_BYTES else "damaged") from error
    return template


def _check(
    template: DocxTemplate, path: Path, known: Mapping[str, object], needs: Sequence[str], environment: Environment
) -> None:
    """Hold a template to what there is: it says nothing unknown and leaves out nothing that it needs."""
    from jinja2 import TemplateError

    try:
        named: set[str] = template.get_undeclared_template_variables(environment)
    except TemplateError as error:
        raise _fault(path, error, template, known) from error
    except Exception as error:
        raise _refused(path, "damaged") from error
    for name in sorted(named - set(known)):
        raise _refused(path, "unknown_field", _place(template, name), name, "、".join(known))
    missing = [name for name in needs if name not in named]
    if missing:
        raise _refused(path, "field_missing", "", "、".join(f"{name}（{papers.FIELDS[name]}）" for name in missing))


def _value(value: object, template: DocxTemplate, pictures: Mapping[str, Picture]) -> object:
    """Make a value safe to stand in a Word file: rows and lists likewise, pictures in their places."""
    if isinstance(value, (list, tuple)):
        return [_value(one, template, pictures) for one in value]
    if isinstance(value, dict):
        row = {name: _value(one, template, pictures) for name, one in value.items()}
        picture = pictures.get(str(value.get("image", "")))
        return row | {"image": _image(template, picture)} if picture else row
    return _text(str(value))


def _text(text: str) -> str:
    """Escape a text for XML. docxtpl turns `{_{` and its like into braces afterwards; an underscore written as a number is left alone."""
    from markupsafe import Markup, escape

    safe = str(escape(display_block(text)))
    return Markup(safe.replace("{_", "{&#95;").replace("_}", "&#95;}"))  # noqa: S704 - escaped on the line before


def takes(picture: Picture) -> bool:
    """Whether a picture can stand in a Word file as it is: python-docx knows a JPEG by the two headers that cameras write."""
    from docx.image.image import Image

    try:
        Image.from_blob(picture.data)
    except Exception:  # noqa: BLE001 - of an odd header it says so in many ways
        return False
    return True


def _image(template: DocxTemplate, picture: Picture) -> object:
    from docx.shared import Mm
    from docxtpl import InlineImage

    way, share = way_of(picture.data), picture.width / picture.height
    width = min(_HIGH, _WIDE * share) if way in _ON_ITS_SIDE else min(_WIDE, _HIGH * share)
    image = InlineImage(template, io.BytesIO(picture.data), width=Mm(width))
    return image if way == 1 else _Turned(image, way)


_TURNS = {
    2: 'flipH="1"', 3: 'rot="10800000"', 4: 'flipV="1"', 5: 'rot="16200000" flipH="1"',
    6: 'rot="5400000"', 7: 'rot="5400000" flipH="1"', 8: 'rot="16200000"',
}  # fmt: skip
_ON_ITS_SIDE = range(5, 9)
_EXTENT = re.compile(r'<wp:extent cx="(\d+)" cy="(\d+)"/>')


class _Turned(NamedTuple):
    """A photograph that stands as it was seen: Word does not heed which way up a file is kept; its frame is turned, not the file."""

    image: InlineImage
    way: int

    def __html__(self) -> str:
        return _EXTENT.sub(self._room, self.image.__html__()).replace("<a:xfrm>", f"<a:xfrm {_TURNS[self.way]}>")

    def _room(self, extent: re.Match[str]) -> str:
        """Leave the room that a frame takes beside its own once it is turned."""
        beyond = (int(extent[1]) - int(extent[2])) // 2 if self.way in _ON_ITS_SIDE else 0
        high, wide = max(beyond, 0), max(-beyond, 0)
        return f'{extent[0]}<wp:effectExtent l="{wide}" t="{high}" r="{wide}" b="{high}"/>'


# -- what is wrong, and where ----------------------------------------------------------------------------------------


def _refused(path: Path, why: str, place: str = "", name: str = "", known: str = "") -> FaultsFound:
    place = f"，{place}" if place else ""
    return FaultsFound("bad_template", path=str(path), why=why, place=place, name=display(name), fields=known)


def _fault(path: Path, error: Exception, template: DocxTemplate, known: Mapping[str, object]) -> FaultsFound:
    """Turn an error of jinja into ours."""
    unknown = re.search(r"'(\w+)'(?: is undefined)?$", str(error)) if type(error).__name__ == "UndefinedError" else None
    if unknown:
        return _refused(path, "unknown_field", _place(template, unknown[1]), unknown[1], "、".join(known))
    place = next(_misspelt(template), "")
    return _refused(path, "syntax", f"在{place}处" if place else "", type(error).__name__)


_OURS = re.compile(r"\{%\s*(?:cellbg|colspan|vm|hm)\b.*?%\}|(?<=\{[%{])(?:tr|tc|p|r)(?=\s)")
"""What docxtpl understands and jinja does not."""

_HALVES = ("Unexpected end of template", "unknown tag 'end", "unknown tag 'el")
"""What jinja says of one half of what begins or ends in another paragraph."""


def _misspelt(template: DocxTemplate) -> Iterator[str]:
    """Yield the paragraphs that jinja cannot read even alone."""
    from jinja2 import TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(autoescape=True)
    for where, text in _texts(template):
        try:
            environment.from_string(_OURS.sub("", text))
        except TemplateError as error:
            if not any(half in str(error) for half in _HALVES) or text.count("{{") != text.count("}}"):
                yield f"{where}“{_short(text)}”"


def _place(template: DocxTemplate, name: str) -> str:
    """Say where a template names a field: the paragraph or the cell, quoted."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    for where, text in _texts(template):
        if "{" in text and word.search(text):
            return f"在{where}“{_short(text)}”处"
    return ""


def _short(text: str) -> str:
    at = max(text.find("{"), 0)
    cut = text[at : at + _SHOWN]
    return display(cut + ("…" if len(text) > at + _SHOWN else ""))


def _texts(template: DocxTemplate) -> Iterator[tuple[str, str]]:
    """Yield the text of each paragraph with the place it is in."""
    from docx.oxml.ns import qn

    document: Any = template.get_docx()
    roots = [("正文", document.element.body)]
    for part in document.part.package.iter_parts():
        word = next((word for name, word in _HEADERS.items() if f"/{name}" in str(part.partname)), "")
        if word and hasattr(part, "element"):
            roots.append((word, part.element))
    for where, root in roots:
        for paragraph in root.iter(qn("w:p")):
            yield where, "".join(node.text or "" for node in paragraph.iter(qn("w:t")))
