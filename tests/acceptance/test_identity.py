"""Who is at the keyboard: by uid and not by a variable, through sudo only where the kernel bears it out, for others under delegation."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from engine.errors import Misused, Refused
from engine.loader import load
from engine.organisation import from_data
from engine.permission import HOUSE, NEW, may, table
from engine.roles import FILE_OWNER
from interfaces.founding import installer
from interfaces.identity import Process, invoker
from interfaces.session import Session
from storage.memory import MemoryStore
from storage.sqlite import open_store
from tests.acceptance.conftest import ROOT, SIBAN, environment, run
from tests.people import OUTSIDER, Bureau, bureau, real
from tests.revised import revised
from tests.trial import CLERK, HEAD, LEADER, RIVER, RIVER_TOO, Ledger
from workflows.index import definition_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engine.ports import Store

SERVICE, ALICE, BOB = 64_001, 64_002, 64_003
"""Users of the operating system that have no name here: their number stands for it."""

HEADS = (HEAD, "o12")  # 局办公室主任、副主任

TODAY = {"since": "2020-01-01", "until": "2099-12-31"}
OVER = {"since": "2020-01-01", "until": "2021-12-31"}
LATER = {"since": "2098-01-01", "until": "2099-12-31"}


def fill(ledger: Ledger) -> None:
    """One item for the river station."""
    ledger.assigned("河道漂浮垃圾", track="immediate")


def delegating(*rows: tuple[str, str, dict[str, str]], **changes: Mapping[str, object]) -> dict[str, object]:
    """Give the bureau with these delegations and no others."""
    data = bureau(**changes)
    data["delegations"] = [{"from": giver, "to": taker, **days} for giver, taker, days in rows]
    return data


@pytest.fixture
def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, object]], Bureau]:
    """Make a real database with an organisation, and run commands in it."""

    def made(data: dict[str, object]) -> Bureau:
        real(tmp_path / "office.db", fill, data)
        return Bureau(tmp_path / "office.db", capsys, monkeypatch)

    return made


# ---- acting for another ------------------------------------------------------------------------------


def test_both_names_are_in_the_record(office: Callable[..., Bureau]) -> None:
    """Who acts under a delegation decides for the giver; the record names both, the words say so."""
    ask = office(delegating((RIVER, RIVER_TOO, TODAY)))
    assert ask(RIVER_TOO, "--as", RIVER, "sign", "1").status == 0
    entry = ask(RIVER_TOO, "log", "1", "-o", "json").json[-1]
    assert (entry["decider"], entry["enterer"]) == (RIVER, RIVER_TOO)
    assert entry["basis"] == {"kind": "delegation", **TODAY}
    assert "金晓（龚伟杰代办）" in ask(RIVER_TOO, "show", "1").out


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (OVER, "龚伟杰 代 金晓 办理的授权已于 2021-12-31 到期，不能再以其名义办理。"),
        (LATER, "龚伟杰 代 金晓 办理的授权自 2098-01-01 起生效，现在还不能以其名义办理。"),
        (None, "龚伟杰 没有代 金晓 办理的授权，不能以其名义办理。"),
    ],
)
def test_no_delegation_in_force(office: Callable[..., Bureau], days: dict[str, str] | None, sentence: str) -> None:
    """Expired, not begun, never given: one sentence each, exit 1, nothing done."""
    ask = office(delegating((RIVER, RIVER_TOO, days)) if days else delegating())
    for words in (("sign", "1"), ("list",), ("todo",)):
        said = ask(RIVER_TOO, "--as", RIVER, *words)
        assert (said.status, said.out, said.err) == (1, "", sentence + "\n")
    assert ask(RIVER, "show", "1", "-o", "json").json["state"] == "assigned"


def test_who_acts_for_another_sees_what_they_see(office: Callable[..., Bureau]) -> None:
    """A delegation lends the giver's eyes, and only with `--as`."""
    ask = office(delegating((RIVER, OUTSIDER, TODAY)))
    assert ask(OUTSIDER, "list", "-o", "json").json == []
    assert [row["number"] for row in ask(OUTSIDER, "--as", RIVER, "list", "-o", "json").json] == [1]


def test_an_unknown_user_is_told_so(office: Callable[..., Bureau]) -> None:
    """One sentence, exit 1, for acts and for questions."""
    ask = office(delegating())
    for words in (("list",), ("todo",), ("show", "1"), ("accept", "1"), ("--as", RIVER, "sign", "1")):
        said = ask("nobody", *words)
        assert (said.status, said.out) == (1, "")
        assert said.err.startswith("不知道您是谁：系统用户“nobody”未对应到任何人员。")
        assert said.err.count("\n") == 1


def test_one_user_with_two_desks_says_which(office: Callable[..., Bureau]) -> None:
    """A shared user is nobody in particular until `--as` names one of its desks; no other desk will do."""
    ask = office(delegating(**{RIVER_TOO: {"os_user": "o27"}}))
    said = ask(RIVER, "sign", "1")
    assert said.status == 1
    assert "金晓（o27）、龚伟杰（o28）" in said.err
    assert ask(RIVER, "--as", HEAD, "sign", "1").status == 1
    assert ask(RIVER, "--as", RIVER_TOO, "sign", "1").status == 0


def test_only_the_owner_or_the_head_loads_an_organisation(office: Callable[..., Bureau], tmp_path: Path) -> None:
    """An officer who may write the database through the program may not make themselves its head."""
    ask = office(delegating())
    file = tmp_path / "bureau.toml"
    file.write_text('[organisation]\ntitle = "我的局"\n', encoding="utf-8")
    said = ask(OUTSIDER, "org", "load", str(file))
    assert said.status == 1
    assert "无权更换" in said.err
    assert "方文静" in said.err
    assert ask(HEAD, "org", "load", str(file)).status == 4  # the head may; the file is faulty


def test_the_rules_of_the_house_are_set_by_those_in_the_table(
    office: Callable[..., Bureau], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every officer, owning the file or not: who may define, load, read, accept, seal and restore is who the permission table says."""
    path = office(delegating()).path
    rules = [rule for rule in table(load(definition_text("siban"))) if rule.kind == HOUSE]
    assert len(rules) == 7
    allowed = 0
    for owner, officer in itertools.product((False, True), bureau()["officers"]):
        who = officer["id"]
        monkeypatch.setattr("interfaces.session.os_user", lambda _path, who=who: who)
        monkeypatch.setattr("interfaces.identity.owns", lambda _path, owner=owner: owner)
        with closing(Session(str(path))) as session:
            try:
                may_install = installer(session).enterer == who
            except Refused:
                may_install = False
        held = ("supervisor.head",) * (who in HEADS) + (FILE_OWNER,) * owner
        assert {may(rules, rule.verb, NEW, held, {}) for rule in rules} == {may_install}, (owner, who)
        allowed += may_install
    assert allowed == len(HEADS) + len(bureau()["officers"])


def test_every_command_of_the_house_asks_who_it_is(office: Callable[..., Bureau], tmp_path: Path) -> None:
    """Nobody else gets past any of them; the head, as the control, is told something else or obeyed."""
    ask = office(delegating())
    (tmp_path / "local.json").write_text(
        '{"local": [{"notice": "局发〔2026〕1号", "off": {"2026-03-03": "x"}}]}', encoding="utf-8"
    )
    (tmp_path / "two.toml").write_text(revised(2), encoding="utf-8")
    run("audit", "key", "new", str(tmp_path / "key"))
    commands = (
        ("org", "load", str(tmp_path / "two.toml")),
        ("workflow", "load", str(tmp_path / "two.toml")),
        ("workflow", "move", "siban", "--reason", "按新办法办理"),
        ("calendar", "load", str(tmp_path / "local.json")),
        ("calendar", "reading", "--year", "2025"),
        ("audit", "seal", "--key", str(tmp_path / "key")),
    )
    for words in commands:
        for who in (OUTSIDER, CLERK, LEADER):
            said = ask(who, *words)
            assert (said.status, "无权更换办事规则" in said.err) == (1, True), (words, who, said)
        assert "无权更换办事规则" not in ask(HEAD, *words).err


# ---- a trial stays a trial ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("value", ["0", "", "1"])
def test_no_setting_makes_a_trial_real(tmp_path: Path, kind: str, value: str) -> None:
    """The mark is set when the file is made, and no writer takes it again, whatever the value."""
    store: Store = MemoryStore()
    if kind == "sqlite":
        path = tmp_path / "trial.db"
        assert run("--db", str(path), "init", "--trial").status == 0
        store = open_store(path)
    with pytest.raises(Misused, match="trial_stays"), store.write() as writer:
        writer.put_setting("trial", value)
    store.close()


def test_no_command_makes_a_trial_real(tmp_path: Path) -> None:
    """Neither another `init`, nor a load, nor an upgrade; and every one of them leaves it saying so."""
    path = tmp_path / "trial.db"
    base = ("--db", str(path))
    assert run(*base, "init", "--trial").status == 0
    assert run(*base, "init").status == 1
    template = tmp_path / "bureau.xlsx"
    for words in (("org", "template", str(template)), ("org", "load", str(template)), ("db", "upgrade"), ("tick",)):
        assert run(*base, *words).status == 0, words
    assert run(*base, "--as", "o27", "--at", "2030-01-01", "list").status == 0  # as in any trial
    assert "试用库" in run(*base, "doctor", "-o", "table").out


def test_a_real_database_takes_no_simulated_time(office: Callable[..., Bureau]) -> None:
    """`--at` is for trials."""
    said = office(delegating())(HEAD, "--at", "2023-05-08", "list")
    assert said.status == 2
    assert "--at 只能用于试用库" in said.err


# ---- sudo --------------------------------------------------------------------------------------------

SHELL, SUDO, MONITOR, OURS = 10, 20, 21, 30


@pytest.mark.parametrize(
    ("processes", "found"),
    [
        ({OURS: (SUDO, 5, "siban"), SUDO: (SHELL, 0, "sudo"), SHELL: (1, 7, "bash")}, 7),
        ({OURS: (MONITOR, 5, "siban"), MONITOR: (SUDO, 0, "sudo"), SUDO: (SHELL, 0, "sudo"), SHELL: (1, 7, "bash")}, 7),
        ({OURS: (29, 5, "siban"), 29: (SUDO, 5, "sh"), SUDO: (SHELL, 0, "sudo"), SHELL: (1, 7, "bash")}, 7),
        ({OURS: (SHELL, 5, "siban"), SHELL: (1, 5, "bash"), 1: (0, 0, "init")}, None),  # no sudo at all
        (
            {OURS: (SUDO, 5, "siban"), SUDO: (SHELL, 5, "sudo"), SHELL: (1, 5, "bash"), 1: (0, 0, "init")},
            None,
        ),  # not root's
        ({OURS: (29, 5, "siban"), 29: (SUDO, 8, "sh"), SUDO: (SHELL, 0, "sudo"), SHELL: (1, 7, "bash")}, None),
        ({OURS: (SUDO, 5, "siban"), SUDO: (SHELL, 0, "sudo")}, None),  # what called sudo is gone
        ({}, None),
    ],
)
def test_the_kernel_says_who_called_sudo(processes: dict[int, tuple[int, int, str]], found: int | None) -> None:
    """Up through our own user's processes to root's sudo, and out on the other side."""
    known = {number: Process(*facts) for number, facts in processes.items()}
    assert invoker(known.get, OURS) == found


WRAPPER = """
import os, subprocess, sys
caller, owner, claimed, name, *command = sys.argv[1:]
pid = os.fork()
if pid:  # the shell of whoever calls: not root from here on
    os.setgroups([]); os.setresgid(int(caller), int(caller), int(caller)); os.setresuid(int(caller), int(caller), int(caller))
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
import time
while int(open(f"/proc/{os.getppid()}/status").read().split("Uid:")[1].split()[1]) != int(caller):
    time.sleep(0.01)
open("/proc/self/comm", "w").write(name)  # what the kernel will call this process of root's
environment = {k: v for k, v in os.environ.items()} | {"SUDO_UID": claimed}
sys.exit(subprocess.run(command, env=environment, user=int(owner), group=int(owner), extra_groups=[]).returncode)
"""
"""What sudo does: a process of root's, called by one user, runs a command as another and says in SUDO_UID who called."""


BECOME = """
import os, sys
number = int(sys.argv[1])
os.setgroups([]); os.setresgid(number, number, number); os.setresuid(number, number, number)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Go on as another user, with another program."""

OPENED = """
set -e
hold=$1 closed=$2 count=$3 number=0
shift 3
for place in "${@:1:$count}"; do
    mkdir -p "$hold/$number"
    mount --bind "$place" "$hold/$number"
    number=$((number + 1))
done
mount -t tmpfs -o mode=755 none "$closed"
number=0
for place in "${@:1:$count}"; do
    mkdir -p "$place"
    mount --bind "$hold/$number" "$place"
    number=$((number + 1))
done
exec "${@:$((count + 1))}"
"""
"""Run a command where a folder that is closed to other users (root's home) holds only what the program needs, open to all.

For that command alone, in a mount namespace of its own: nothing is copied, no mode is changed, and nobody else sees it.
"""


def way_in(hold: Path) -> list[str]:
    """Return the words before a command with which other users can run this Python and this program: often none."""
    places = list(dict.fromkeys([sys.base_prefix, sys.prefix, str(ROOT)]))
    blocked = {
        str(above)
        for place in places
        for above in Path(place).resolve().parents
        if not above.stat().st_mode & stat.S_IXOTH
    }
    if not blocked:
        return []
    closed = min(blocked, key=len)
    inside = [place for place in places if Path(place).resolve().is_relative_to(closed)]
    return ["unshare", "--mount", "bash", "-c", OPENED, "bash", str(hold), closed, str(len(inside)), *inside]


class Service(NamedTuple):
    """A database of a service account's, and the words before a command of another user's."""

    path: Path
    way: list[str]

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command as root."""
        return subprocess.run(
            [*self.way, *command],
            capture_output=True, text=True, encoding="utf-8", env=environment() | variables, check=False, timeout=60,
        )  # fmt: skip

    def siban(self, user: int, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the program as a user, who calls it directly."""
        return self.run(sys.executable, "-c", BECOME, str(user), str(SIBAN), *arguments, **variables)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A database of a service account's, in a folder of its own, for which Alice is the station's handler."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not Path("/proc/self/status").exists():
        pytest.skip("SUDO NOT TRIED: only root can become other users, and only Linux says who called whom")
    folder = Path(tempfile.mkdtemp(prefix="siban-service-"))
    made = Service(folder / "office.db", way_in(tmp_path / "hold"))
    ran = made.siban(SERVICE, "--version")
    if ran.returncode:
        folder.rmdir()
        pytest.skip(f"SUDO NOT TRIED: other users cannot run this Python, and no way in: {ran.stderr[-200:]}")
    data = bureau(o27={"os_user": str(ALICE)}, o28={"os_user": str(BOB)})
    real(made.path, fill, data)
    assert from_data(data)
    for place in (folder, *folder.iterdir()):
        os.chown(place, SERVICE, SERVICE)
    folder.chmod(0o755)
    (tmp_path / "wrapper.py").write_text(WRAPPER, encoding="utf-8")
    yield made
    shutil.rmtree(folder)


def through(
    service: Service, tmp_path: Path, *, caller: int, claimed: int, name: str = "sudo", owner: int = SERVICE
) -> str:
    """Run `doctor` as a service would through sudo, and return what it says of who I am."""
    wrapper = sys.executable, str(tmp_path / "wrapper.py"), str(caller), str(owner), str(claimed), name
    done = service.run(*wrapper, str(SIBAN), "--db", str(service.path), "doctor", "-o", "tsv")
    return done.stdout + done.stderr


def test_sudo_is_believed_where_the_kernel_agrees(service: Service, tmp_path: Path) -> None:
    """Alice calls the service through root's sudo: she is Alice."""
    said = through(service, tmp_path, caller=ALICE, claimed=ALICE)
    assert "金晓" in said
    assert f"由 sudo 的调用者（{ALICE}，uid {ALICE}）认定" in said


@pytest.mark.parametrize(
    ("caller", "claimed", "name"), [(ALICE, BOB, "sudo"), (ALICE, ALICE, "nodus"), (SERVICE, BOB, "sudo")]
)
def test_a_variable_alone_is_not_believed(
    service: Service, tmp_path: Path, caller: int, claimed: int, name: str
) -> None:
    """Another's number, or no sudo above: the service account is who it is, and no officer."""
    said = through(service, tmp_path, caller=caller, claimed=claimed, name=name)
    assert "金晓" not in said
    assert f"系统用户“{SERVICE}”未对应到任何人员" in said


def test_sudo_helps_only_with_the_owners_database(service: Service, tmp_path: Path) -> None:
    """Run through sudo as somebody who does not own the file, the variable counts for nothing."""
    os.chmod(service.path, 0o666)  # noqa: PTH101, S103 - a file that others may write, which `doctor` complains of
    os.chmod(service.path.parent, 0o777)  # noqa: PTH101, S103 - as above
    said = through(service, tmp_path, caller=ALICE, claimed=ALICE, owner=BOB)
    assert "龚伟杰" in said
    assert "未采信" in said
    assert "其他用户也能读写" in said


def test_a_variable_set_by_hand_is_not_believed(service: Service) -> None:
    """The owner of the database, without sudo, cannot say that somebody else is calling."""
    done = service.siban(SERVICE, "--db", str(service.path), "todo", SUDO_UID=str(ALICE), USER="o27", LOGNAME="o27")
    assert done.returncode == 1
    assert f"系统用户“{SERVICE}”未对应到任何人员" in done.stderr


# ---- doctor ------------------------------------------------------------------------------------------


def test_doctor_says_how_strong_it_is(office: Callable[..., Bureau]) -> None:
    """Who I am and on what ground, for whom I may act, what has ended, what shares an account, and what to do about each."""
    data = delegating(
        (RIVER, RIVER_TOO, TODAY), (HEAD, RIVER_TOO, OVER), **{CLERK: {"os_user": ""}, "o44": {"os_user": "o43"}}
    )
    rows = {(row["check"], row["level"]): row for row in office(data)(RIVER_TOO, "doctor", "-o", "json").json}
    assert rows["mode", "ok"]["found"] == "正式库"
    assert ("file", "ok") in rows
    assert ("durability", "ok") in rows
    assert "龚伟杰（河道署，o28）" in next(row["found"] for (check, _), row in rows.items() if check == "identity")
    assert rows["acting_for", "ok"]["found"] == "金晓（至 2099-12-31）"
    assert "方文静" in rows["acting_for", "note"]["found"]
    assert "o43" in rows["shared_account", "note"]["found"]
    assert "徐晨" in rows["no_account", "note"]["found"]
    assert rows["stuck", "ok"]["advice"] == ""
    assert all(row["advice"] for (_, level), row in rows.items() if level == "fault")
