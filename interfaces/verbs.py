"""Commands made from definitions: one for each verb and kind of request, with options, help and required fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from interfaces.fields import LISTS, read_fields
from interfaces.shell import Command, Option, option

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from interfaces.session import Session
    from workflows.index import Index

F = TypeVar("F", bound="Callable[..., object]")

GENERAL = (
    "from_sheet",
    "on_behalf",
    "basis",
    "ref",
    "basis_date",
    "scan",
    "done_at",
    "command_id",
    "dry_run",
    "form",
    "items",
)
"""Parameters that every act has beside its fields."""

_COMMAND_ID: dict[str, Any] = {"metavar": "ID", "default": "", "help": "指令编号：同一编号只办一次，供脚本重试"}

METAVARS = {
    "date": "DATE",
    "limit": "LIMIT",
    "unit": "UNIT",
    "units": "UNIT",
    "officer": "OFFICER",
    "int": "N",
    "ints": "N",
    "percent": "N%",
    "files": "FILE",
    "item": "ITEM",
    "measures": "内容|单位|日期",
    "choice": "CHOICE",
}


def command_id_option(command: F) -> F:
    """Give a command that is not generated the option by which a script may say it twice."""
    return option("--command-id", **_COMMAND_ID)(command)


def act_command(index: Index, verb: str) -> Command:
    """Make the command of a verb: the union of what the workflows' variants of it take."""
    acts = [act for entry in index.values() for act in entry["verbs"] if act["name"] == verb]
    shapes = _shapes(index)
    new = any(act["new"] for act in acts)

    def callback(**given: Any) -> None:  # noqa: ANN401 - options as click hands them over
        from interfaces.acting import run_act

        run_act(verb, given, shapes, new=new)

    return _command(verb, acts, shapes, callback, items=not new)


def request_command(index: Index, kind: str) -> Command:
    """Make the command that applies for a kind of request."""
    acts = [act for entry in index.values() for act in entry["requests"] if act["name"] == kind]
    shapes = _shapes(index)

    def callback(**given: Any) -> None:  # noqa: ANN401 - options as click hands them over
        from interfaces.acting import run_request

        run_request(kind, given, shapes)

    return _command(kind, acts, shapes, callback, items=True, request=True)


def register_command(index: Index) -> Command:
    """Make the command that registers an item."""
    from engine.privacy import PRIVATE_FIELDS

    acts = [entry["register"] for entry in index.values()]
    shapes = _shapes(index)

    def callback(**given: Any) -> None:  # noqa: ANN401 - options as click hands them over
        from interfaces.acting import run_register

        run_register(given, shapes)

    command = _command("register", acts, shapes, callback, items=False)
    for param in command.params:
        if isinstance(param, click.Option) and param.name in PRIVATE_FIELDS:
            param.help = "；".join(filter(None, (param.help, "写 - 则另行询问，不留在命令行中")))
    command.params.insert(0, Option(["workflow", "--workflow", "--流程"], metavar="NAME", help="流程，默认 siban"))
    command.params.insert(1, Option(["draft", "--draft", "--草稿"], is_flag=True, help="先存为草稿"))
    return command


def _shapes(index: Index) -> dict[str, Mapping[str, object]]:
    """Return every field of the index; what another workflow calls it is one more name of its option."""
    shapes: dict[str, Mapping[str, Any]] = {}
    for entry in index.values():
        for name, shape in entry["fields"].items():
            first = shapes.setdefault(name, shape)
            if first is not shape and (
                more := {shape["title"], *shape["aliases"]} - {first["title"], *first["aliases"]}
            ):
                shapes[name] = {**first, "aliases": [*first["aliases"], *sorted(more)]}
    return shapes


def _command(
    name: str,
    acts: list[dict[str, Any]],
    shapes: Mapping[str, Mapping[str, object]],
    callback: Callable[..., None],
    *,
    items: bool,
    request: bool = False,
) -> Command:
    fields = list(dict.fromkeys(field for act in acts for field in act["fields"]))
    required = set.intersection(*(set(act["required"]) for act in acts))
    params: list[click.Parameter] = []
    if items:
        sheet = not request
        params.append(click.Argument(["items"], nargs=-1, required=not sheet, metavar="ITEM..."))
        if sheet:
            help_from = "按表办理：每行一件，列为编号和要填的内容；全部办成或全部不办"
            params.append(Option(["from_sheet", "--from", "--从"], metavar="FILE.xlsx", help=help_from))
    general = general_options()
    taken = {name for param in (*params, *general) for name in param.opts}
    taken |= {name for field in fields for name in (f"--{field.replace('_', '-')}", f"--{shapes[field]['title']}")}
    for field in fields:
        params.append(field_option(field, shapes[field], needed=field in required, taken=taken))
        taken.update(params[-1].opts)
    params += general
    title = acts[0]["title"]
    help_ = next((act["help"] for act in acts if act["help"]), "")
    example = f"siban {title}{' 12' if items else ''}" + "".join(
        f" --{shapes[f]['title']} …" for f in fields if f in required
    )
    return Command(
        name.replace("_", "-"),
        params=params,
        callback=callback,
        help=f"{title}。{help_}" if help_ else f"{title}。",
        short_help=title,
        example=example,
    )


def field_option(name: str, shape: Mapping[str, object], *, needed: bool, taken: Collection[str] = ()) -> click.Option:
    """Make the option of a field: English and Chinese names, what it takes, whether it is needed.

    Of its further names those `taken` by other options are left out.
    """
    kind = str(shape["kind"])
    aliases = shape.get("aliases")
    names = [
        f"--{name.replace('_', '-')}",
        f"--{shape['title']}",
        *(f"--{a}" for a in (aliases if isinstance(aliases, list) else []) if f"--{a}" not in taken),
    ]
    choices = shape.get("choices")
    words = [str(title) for title in choices.values()] if isinstance(choices, dict) else []
    notes = [str(shape["help"])] if shape.get("help") else []
    notes += ["｜".join(words)] if words else []
    notes += ["必填"] if needed else []
    notes += ["可多次"] if kind in LISTS else []
    return Option(
        [name, *dict.fromkeys(names)],
        multiple=kind in LISTS,
        is_flag=kind == "flag",
        default=None if kind != "flag" else False,
        metavar=METAVARS.get(kind, "TEXT") if kind != "flag" else None,
        help="；".join(notes),
    )


def general_options() -> list[click.Parameter]:
    """Make the options that every act has."""
    from interfaces.output import FORMS
    from interfaces.secrecy import cleared
    from workflows.labels import BASES

    return [
        Option(
            ["on_behalf", "--on-behalf", "--代录"],
            metavar="OFFICER|BODY",
            help="代录：由谁决定（纸面、会议作出的决定）",
        ),
        Option(
            ["basis", "--basis", "--依据"],
            type=click.Choice(BASES),
            metavar="KIND",
            help=f"代录依据：{'｜'.join(BASES)}",
        ),
        Option(["ref", "--ref", "--文号"], metavar="TEXT", help="依据的文号"),
        Option(["basis_date", "--date", "--依据日期"], metavar="DATE", help="依据的日期"),
        Option(["scan", "--file", "--扫描件"], metavar="FILE", help="依据的扫描件"),
        Option(["done_at", "--done-at", "--实际时间"], metavar="INSTANT", help="实际办理时间（补录），默认现在"),
        cleared(),
        Option(["--command-id"], **_COMMAND_ID),
        Option(["dry_run", "--dry-run", "--试办"], is_flag=True, help="只看会怎样，不作任何改动"),
        Option(
            ["form", "-o", "--output", "--输出"],
            type=click.Choice(["text", *FORMS]),
            default="text",
            metavar="FORM",
            help="结果形式：text、json、jsonl",
        ),
    ]


def given_fields(
    given: Mapping[str, object], shapes: Mapping[str, Mapping[str, object]], session: Session
) -> dict[str, object]:
    """Return the fields among a command's parameters, read."""
    own = {name: value for name, value in given.items() if name not in GENERAL and name in shapes}
    return read_fields(own, shapes, session)
