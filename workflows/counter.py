"""click's own messages in Chinese, as a catalogue that its `gettext` finds: run `python -m workflows.counter` after changing one.

click asks for the domain `messages`; `cli` says where ours lies. A test reads click's source and finds every message here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGE = "zh_CN"
FOLDER = os.path.join(os.path.dirname(__file__), "locale")  # noqa: PTH118, PTH120 - pathlib loads slowly, and every start would pay
DOMAIN = "messages"

EXTRA = "多余的参数"
"""How the sentence about arguments that nothing takes begins."""

WORDS: Mapping[str, str] = {
    "d": "日",
    "{editor}: Editing failed": "{editor}：编辑没有成功",
    "{editor}: Editing failed: {e}": "{editor}：编辑没有成功：{e}",
    "Windows error: {error}": "Windows 报错：{error}",
    "Aborted!": "已中断。",
    "deprecated": "不再使用",
    "Missing command.": "缺少命令。",
    "required": "必填",
    "Options": "选项",
    "Positional arguments": "参数",
    "Commands": "命令",
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}": "命令“{name}”不再使用。{extra_message}",
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}": "“{name}”不再使用。{extra_message}",
    "Value must be an iterable.": "应为若干项内容。",
    "Could not determine name for option with declarations {decls!r}": "选项 {decls} 没有名称",
    "No options defined but a name was passed ({name}). Did you mean to declare an argument instead? Did you mean to pass '--{name}'?":
        "“{name}”不是选项，是不是 --{name}",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.": "参数 {decls} 的名称应只有一个，现有 {length} 个。",
    "Name '{name}' defined twice": "名称“{name}”重复",
    "Boolean option {decl!r} cannot use the same flag for true/false.": "选项 {decl} 的是与否不能同名。",
    "env var: {var}": "环境变量：{var}",
    "default: {default}": "默认：{default}",
    "(dynamic)": "（随情况而定）",
    "Do you want to continue?": "要继续吗？",
    "Confirm the action without prompting.": "不再询问，直接办理。",
    "%(prog)s, version %(version)s": "%(prog)s %(version)s",
    "Show the version and exit.": "显示版本。",
    "Show this message and exit.": "显示本说明。",
    "Missing argument": "缺少参数",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing {param_type}": "缺少 {param_type}",
    "Missing parameter: {param_name}": "缺少 {param_name}",
    "unknown error": "原因不明",
    "Invalid value: {message}": "所填内容不能接受：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值不能接受：{message}",
    "Could not open file {filename!r}: {message}": "打不开文件 {filename}：{message}",
    "Error: {message}": "{message}",
    "Try '{command} {option}' for help.": "说明：{command} {option}",
    "No such option {name!r}.": "没有选项 {name}。",
    "No such command {name!r}.": "没有命令“{name}”。",
    "Usage:": "用法：",
    "Invalid start character for option ({option})": "选项不能这样开头：{option}",
    "Option {name!r} does not take a value.": "选项 {name} 后面不填写内容。",
    "Argument {name!r} takes {nargs} values.": "{name} 须填写 {nargs} 项。",
    "Couldn't detect Bash version, shell completion is not supported.": "查不到 Bash 的版本，不能自动补全。",
    "Shell completion is not supported for Bash versions older than 4.4.": "Bash 低于 4.4 版，不能自动补全。",
    "Press any key to continue...": "按任意键继续……",
    "Repeat for confirmation": "请再输入一遍",
    "Error: The two entered values do not match.": "两次输入不一致。",
    "Unknown color {colour!r}": "没有颜色 {colour}",
    "Error: invalid input": "请输入 y 或 n。",
    "file": "文件",
    "directory": "文件夹",
    "path": "路径",
    "Choose from:\n\t{choices}": "可以是：\n\t{choices}",
    "Choice({choices})": "可选（{choices}）",
    "{value} is not in the range {range}.": "{value} 超出范围，应为 {range}。",
    "{value!r} is not a valid boolean. Recognized values: {states}": "“{value}”应为是或否，写作：{states}",
    "{value!r} is not a valid {number_type}.": "“{value}”应为整数。",
    "{value!r} is not a valid UUID.": "“{value}”应为 UUID。",
    "{name} {filename!r} is a file.": "{name} {filename} 是文件，不是文件夹。",
    "{name} {filename!r} is a directory.": "{name} {filename} 是文件夹，不是文件。",
    "{name} {filename!r} is not readable.": "{name} {filename} 不能读取。",
    "{name} {filename!r} is not writable.": "{name} {filename} 不能写入。",
    "{name} {filename!r} is not executable.": "{name} {filename} 不能执行。",
    "{name} {filename!r} does not exist.": "{name} {filename} 不存在。",
    "Unknown standard stream '{name}'": "没有标准流 {name}",
}  # fmt: skip
"""Message → what is said instead."""

COUNTED: Mapping[tuple[str, str], str] = {
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"): EXTRA + "：{args}。",
    ("Takes {nargs} values but 1 was given.", "Takes {nargs} values but {len} were given."): "须填写 {nargs} 项，与所填项数不符。",
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"): "是不是：{possibilities}",
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."): "选项 {name} 后面须填写内容。",
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."): "“{value}”不在其中，只能是：{choices}。",
    ("{value!r} does not match the format {format}.", "{value!r} does not match the formats {formats}."):
        "“{value}”应写作 {formats}。",
    ("{len_type} values are required, but {len_value} was given.", "{len_type} values are required, but {len_value} were given."):
        "须填写 {len_type} 项，现有 {len_value} 项。",
}  # fmt: skip
"""Messages that English says in two ways, as (of one, of several)."""

_HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=1; plural=0;\n"
_MAGIC, _HEAD = 0x950412DE, 28  # of GNU's format, and the bytes before its tables


def catalogue() -> bytes:
    """Return the catalogue in GNU's binary format, which Python reads."""
    import struct  # noqa: PLC0415 - only to write the file

    texts = {"": _HEADER, **WORDS} | {"\0".join(pair): text for pair, text in COUNTED.items()}
    pairs = sorted((key.encode(), text.encode()) for key, text in texts.items())
    count = len(pairs)
    keys, values = _HEAD, _HEAD + 8 * count
    at, table = _HEAD + 16 * count, b""
    data = b""
    for column in zip(*pairs, strict=True):
        for text in column:
            table += struct.pack("<II", len(text), at + len(data))
            data += text + b"\0"
    return struct.pack("<IIIIIII", _MAGIC, 0, count, keys, values, 0, 0) + table + data


if __name__ == "__main__":
    from pathlib import Path

    Path(FOLDER, LANGUAGE, "LC_MESSAGES", f"{DOMAIN}.mo").write_bytes(catalogue())
