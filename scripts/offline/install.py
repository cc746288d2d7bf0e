"""Install Siban from this folder alone: check every file against SHA256SUMS, then put the wheels into a venv of its own.

`python -I install.py [FOLDER]`. The standard library is all it needs. It opens no connection, reads no configuration of
pip, and writes below FOLDER/venv (default: beside this file) and nowhere else. A second run upgrades what is there.
Exit status: 0 done, 1 refused or failed, 4 files that differ from the list.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUMS, PINS, WHEELS = HERE / "SHA256SUMS", HERE / "requirements.txt", HERE / "wheels"
WINDOWS = sys.platform == "win32"


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)


def differing() -> list[str]:
    """Return the files that are missing or differ from the list.

    What the list does not name may stay: an older folder that this one was copied over. pip takes nothing without a pinned hash.
    """
    rows = (line.split("  ", 1) for line in SUMS.read_text(encoding="utf-8").splitlines())
    return [name for digest, name in rows if _digest(HERE / name) != digest]


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def place(folder: Path, name: str) -> Path:
    """Return where a program of the environment is."""
    return folder / "venv" / ("Scripts" if WINDOWS else "bin") / (f"{name}.exe" if WINDOWS else name)


def made(folder: Path) -> Path:
    """Return the environment's Python; an environment that does not start, or of another Python, is made anew."""
    python = place(folder, "python")
    probe = "import sys; print(sys.version_info[:2])"
    try:
        found = subprocess.run([python, "-I", "-c", probe], check=False, capture_output=True, text=True).stdout
    except OSError:
        found = ""
    # What pip put in names the folder it was made in: a copied folder gets a new environment.
    here = folder / "venv" / "siban-folder"
    moved = not here.exists() or here.read_text(encoding="utf-8") != str(folder)
    if moved or found.strip() != str(sys.version_info[:2]):
        venv.create(folder / "venv", clear=True, with_pip=importlib.util.find_spec("ensurepip") is not None)
        here.write_text(str(folder), encoding="utf-8")
    return python


def pip(python: Path) -> list[str]:
    """Return the pip to use: the environment's own, else the one in this folder (some systems ship none)."""
    if subprocess.run([python, "-I", "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0:
        return [str(python), "-I", "-m", "pip"]
    (wheel,) = (HERE / "pip").glob("pip-*.whl")
    return [sys.executable, str(wheel / "pip"), "--python", str(python)]


def install(folder: Path) -> int:
    """Bring the environment to what the pins say; return the exit status."""
    started = time.perf_counter()
    say("正在核对文件 …")
    faults = differing()
    if faults:
        say("下列文件缺失或与 SHA256SUMS 不符，未作任何改动；请重新取得安装文件夹：")
        for name in faults:
            say(f"  {name}")
        return 4
    folder.mkdir(parents=True, exist_ok=True)
    say(f"正在安装到 {folder / 'venv'}（不联网，逐个核对哈希） …")
    python = made(folder)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:  # pip unpacks there, not in the system's folder
        quiet = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        environment = quiet | {"PIP_CONFIG_FILE": os.devnull, "TMPDIR": scratch, "TEMP": scratch, "TMP": scratch}
        rules = ["--no-index", "--find-links", str(WHEELS), "--require-hashes", "--only-binary", ":all:"]
        quietly = ["--no-cache-dir", "--disable-pip-version-check", "--quiet", "--no-warn-script-location"]
        command = [*pip(python), "install", *quietly, *rules, "--requirement", str(PINS)]
        done = subprocess.run(command, check=False, env=environment).returncode
    if done:
        say(
            f"安装未完成，上面是 pip 的原话。多半是本机的 Python（{sys.version.split()[0]}）不在说明.txt 所列版本之中。"
        )
        return 1
    siban = place(folder, "siban")
    say(f"完成，用时 {time.perf_counter() - started:.0f} 秒。以后再次运行即为升级。接下来：")
    for line in (f"{siban} demo", f"{siban} --db 局.db init", f"{siban} --help"):
        say(f"  {line}")
    return 0


def main(arguments: list[str]) -> int:
    """Install into the folder that is named, else into this one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that cannot show Chinese must not stop it
    if len(arguments) > 1 or any(one.startswith("-") for one in arguments):
        say("用法：install [文件夹]")
        return 1
    if sys.version_info < (3, 11):  # noqa: UP036 - it may be started by any Python
        say(f"需要 Python 3.11 或更新的版本，当前为 {sys.version.split()[0]}，未作任何改动。")
        return 1
    try:
        return install(Path(arguments[0]).resolve() if arguments else HERE)
    except OSError as error:
        say(f"安装未完成：{error}")
        return 1
    except KeyboardInterrupt:
        say("安装中断。重新运行即可接着装。")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
