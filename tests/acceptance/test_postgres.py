"""The installed command on a server set up as docs/postgresql.md says: TLS, passwords, accounts of one's own."""

from __future__ import annotations

import datetime as dt
import getpass
import ipaddress
import json
import os
import re
import shutil
import stat
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.row import EventQuery
from storage.place import open_store
from tests import postgres
from tests.acceptance.conftest import ROOT, SIBAN, environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.said import Said

PASSWORD = "geheim-38"  # noqa: S105 - of a throw-away server
OFFICERS = {"fangwj": "o11", "xuchen": "o13"}
SQL = re.search(r"```sql\n(.*?)```", (ROOT / "docs/postgresql.md").read_text(encoding="utf-8"), re.DOTALL)


class Far(NamedTuple):
    """A server that is reached over TLS with a password."""

    port: int
    root: Path
    home: Path
    admin: str

    def url(self, user: str, database: str = "bureau", mode: str = "verify-full") -> str:
        """Return an address."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?sslmode={mode}&sslrootcert={self.root}"

    def __call__(
        self, user: str, *arguments: str, password: str = PASSWORD, url: str = "", files: Path | None = None
    ) -> Said:
        """Run a command as an account."""
        pgpass = self.home / "pgpass"
        pgpass.write_text(f"*:*:*:*:{password}\n")
        pgpass.chmod(0o600)
        place = {"SIBAN_FILES": str(files)} if files else {}
        said = run("--db", url or self.url(user), *arguments, cwd=self.home, PGPASSFILE=str(pgpass), **place)
        assert "Traceback" not in said.err
        assert password not in said.out + said.err
        return said


def certify(folder: Path, server: postgres.Server) -> Path:
    """Put a certificate and its key where the server finds them; return the certificate for those who trust it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "db.bureau")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)  # fmt: skip
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for file, text in (("server.crt", certificate), ("server.key", key.private_bytes(*encoding))):
        place = server.data / file
        place.write_bytes(text)
        place.chmod(0o600)
        if os.getuid() == 0:
            shutil.chown(place, server.user)
    root = folder / "root.crt"
    root.write_bytes(certificate)
    return root


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """Set a server up as the page says, to its words of SQL, and make the database of a bureau."""
    if not postgres.binary("initdb"):
        pytest.skip(postgres.MISSING)
    folder, port = tmp_path_factory.mktemp("far"), 20000 + os.getpid() % 20000
    with postgres.throw_away(listen_addresses="'127.0.0.1'", port=str(port)) as server:
        root = certify(folder, server)
        server.configure(ssl="on")
        (server.data / "pg_hba.conf").write_text(
            "local all siban_admin trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhost all all 0.0.0.0/0 reject\n"
        )
        server.stop("fast")
        server.start()
        assert SQL
        with psycopg.connect(f"{server.url('postgres')}&port={port}", autocommit=True) as admin:
            for statement in [
                *SQL[1].split(";"),
                "CREATE ROLE xuchen LOGIN IN ROLE siban_officer",
                "CREATE ROLE guest LOGIN",
            ]:
                if statement.strip():
                    admin.execute(statement.encode())
            for account in ("siban_owner", "siban_serve", "fangwj", "xuchen", "guest"):
                admin.execute(f"ALTER ROLE {account} PASSWORD '{PASSWORD}'".encode())
            admin.execute("GRANT CONNECT ON DATABASE bureau TO guest")
        made = Far(port, root, folder, f"{server.url('postgres')}&port={port}")
        assert made("siban_owner", "init").status == 0
        bureau = (ROOT / "workflows/bureau.toml").read_text(encoding="utf-8")
        for account, officer in OFFICERS.items():
            bureau = re.sub(rf'(id = "{officer}")', rf'\1\nos_user = "{account}"', bureau)
        (folder / "机构.toml").write_text(bureau, encoding="utf-8")
        said = made("siban_owner", "org", "load", "机构.toml")
        assert said.status == 0, said
        yield made


def test_officers_act_under_their_own_accounts(far: Far) -> None:
    """From registration to the record, over TLS; nobody says who he is, the server knows."""
    said = far("xuchen", "登记", "--title", "河道漂浮垃圾", "--source", "群众反映", "--匿名")
    assert said.status == 0, said
    assert (
        far("fangwj", "交办", "1", "--清单", "即知即改的问题", "--主办单位", "河道署", "--责任人", "金晓").status == 0
    )
    entries = far("fangwj", "log", "1", "-o", "json").json
    assert {entry["enterer"] for entry in entries} == {"o11", "o13"}
    assert far("fangwj", "check").status == 0
    assert far("fangwj", "audit", "verify").status == 0
    assert far("siban_serve", "tick").status == 0
    found = {row["check"]: row for row in far("fangwj", "doctor", "-o", "json").json}
    assert found["connection"]["level"] == "ok"
    assert "TLSv1" in found["connection"]["found"]
    assert found["guards"]["level"] == "ok"
    assert "由数据库账号 fangwj 认定" in found["identity"]["found"]


def test_an_account_that_is_no_officers_does_not_act(far: Far) -> None:
    """The heartbeat's account, and the owner: neither is somebody of the bureau."""
    for account in ("siban_serve", "siban_owner"):
        assert far(account, "登记", "--title", "一件", "--source", "群众反映", "--匿名").status == 1


def test_what_cannot_be_reached_is_one_sentence(far: Far) -> None:
    """Exit 5, what is wrong, what to do; never a password."""
    here = f"127.0.0.1:{far.port}"
    sentences = {
        far("fangwj", "list", password="wrong-77"): f"postgresql://{here}/bureau 不接受账号“fangwj”的密码",  # noqa: S106 - a wrong one
        far("fangwj", "list", url=far.url("fangwj", mode="disable")): "的服务器不接受从本机以账号“fangwj”连接",
        far("guest", "list"): "账号无权在",
        far("fangwj", "list", url=far.url("fangwj", database="nowhere")): "服务器上没有",
        far("fangwj", "list", url=f"postgresql://fangwj:{PASSWORD}@127.0.0.1:1/bureau"): "服务器没有应答",
        far("siban_owner", "list", url=far.url("siban_owner", database="postgres")): "里还没有 siban 的数据",
        far(
            "fangwj", "list", url=far.url("fangwj").replace(str(far.root), str(far.home / "pgpass"))
        ): "加密连接没有建成",
    }
    for said, sentence in sentences.items():
        assert said.status == 5, said
        assert sentence in said.err
        assert said.err.count("\n") == 1
        assert said.out == ""


def test_an_address_that_cannot_be_read_is_misuse(far: Far) -> None:
    """Without a piece of what may be the password."""
    said = far("fangwj", "list", url=f"postgresql://fangwj:{PASSWORD[:3]}/{PASSWORD}@h:p/bureau")
    assert said.status == 2
    assert "看不懂数据库地址" in said.err


def test_the_state_of_the_database(far: Far) -> None:
    """`db status` and `db upgrade` answer, and a second `init` changes nothing."""
    status = far("fangwj", "db", "status", "-o", "json").json
    assert (status["version"], status["account"], status["trial"]) == (1, "fangwj", False)
    assert status["encrypted"].startswith("TLSv1")
    assert far("siban_owner", "db", "upgrade").status == 0
    for words, sentence in (
        (("restore", "x"), "不能就地恢复"),
        (("backup",), "请用 --to"),
        (("copy", "x", "y"), "没有数据库"),
    ):
        said = far("siban_owner", "db", *words)
        assert (said.status != 0, sentence in said.err, said.err.count("\n")) == (True, True, 1), said
    said = far("siban_owner", "init")
    assert (said.status, "已经存在" in said.err) == (1, True)


def test_attachments_need_a_folder_that_all_share(far: Far) -> None:
    """Without `SIBAN_FILES` an attachment is refused, and it is said why."""
    (far.home / "照片.txt").write_text("一张照片")
    said = far("fangwj", "attach", "1", "照片.txt")
    assert said.status == 1
    assert "SIBAN_FILES" in said.err
    share, photo = far.home / "share", str(far.home / "照片.txt")
    said = far("fangwj", "attach", "1", "照片.txt", files=share)
    assert (said.status, "没有挂载" in said.err) == (1, True), (
        said
    )  # a folder that is made here would not be everybody's
    assert not share.exists()
    for early in (("evidence", "1"), ("paper", "1", "dossier", "--to", str(far.home / "卷宗.docx")), ("doctor",)):
        assert far("fangwj", *early).status in (0, 4)  # nothing was kept yet: nothing is asked for
    (share / "siban.files").mkdir(parents=True)
    (share / "siban.files").chmod(0o2770)
    assert far("fangwj", "attach", "1", photo, "--after", photo, files=share).status == 0
    found = far("xuchen", "evidence", "1", "-o", "json", files=share).json  # another account, another machine
    assert [(one["state"], one["who"]) for one in found] == [("完好", "方文静")] * 2
    said = far("xuchen", "evidence", "1", "--to", str(far.home / "取出"), files=share)
    assert said.status == 0
    assert {file.read_text() for file in (far.home / "取出").iterdir()} == {"一张照片"}
    dossier = far("xuchen", "paper", "1", "dossier", "--to", str(far.home / "卷宗2.docx"), files=share)
    assert (dossier.status, (far.home / "卷宗2.docx").exists()) == (0, True), dossier
    for file in share.rglob("*"):
        assert stat.S_IMODE(file.stat().st_mode) == (0o2770 if file.is_dir() else 0o640), file
    assert far("xuchen", "doctor", files=share).status in (0, 4)
    next(file for file in share.rglob("*") if file.is_file()).write_text("另一张")
    assert far("xuchen", "evidence", "1", files=share).status == 4
    for words in (
        ("evidence", "1"),
        ("evidence", "1", "--to", "取出"),
        ("paper", "1", "dossier", "--to", "卷宗3.docx"),
    ):
        said = far("xuchen", *words)
        assert (said.status, "SIBAN_FILES" in said.err, said.err.count("\n")) == (1, True, 1), said


def test_an_office_outgrows_one_computer(far: Far) -> None:
    """The page's own commands, one by one: up to the server, at work there, and back into a file."""
    page = (ROOT / "docs/postgresql.md").read_text(encoding="utf-8")
    office, share, kept = far.home / "office", far.home / "share2", far.home / "备份盘"
    for folder in (office, share / "siban.files", kept):
        folder.mkdir(parents=True)
    (share / "siban.files").chmod(0o2770)
    bureau = (far.home / "机构.toml").read_text(encoding="utf-8")
    (office / "机构.toml").write_text(bureau, encoding="utf-8")
    (office / "原机构.toml").write_text(
        bureau.replace('os_user = "xuchen"', f'os_user = "{getpass.getuser()}"'), encoding="utf-8"
    )
    (office / "照片.txt").write_text("一张照片")

    def typed(text: str) -> str:
        for one, other in (
            ("db.bureau/bureau", f"127.0.0.1:{far.port}/moved"),
            ("/etc/siban/root.crt", str(far.root)),
            ("/srv/siban", str(share)),
            ("/备份盘/", f"{kept}/"),
        ):
            text = text.replace(one, other)
        done = subprocess.run(
            ["/bin/bash", "-ec", text], capture_output=True, text=True, encoding="utf-8", check=False, timeout=300, cwd=office,
            env=environment() | {"PGPASSFILE": str(far.home / "pgpass"), "PATH": f"{SIBAN.parent}:{os.environ['PATH']}"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def block(name: str) -> str:
        found = re.search(rf"<!-- {name} -->\n```sh\n(.*?)```", page, re.DOTALL)
        assert found, name
        return found[1]

    with psycopg.connect(far.admin, autocommit=True) as admin:
        admin.execute("CREATE DATABASE moved OWNER siban_owner ENCODING 'UTF8' TEMPLATE template0")
        admin.execute("REVOKE ALL ON DATABASE moved FROM PUBLIC")
        admin.execute("GRANT CONNECT ON DATABASE moved TO siban_reader, siban_officer")
    far("fangwj", "list")  # writes the password down
    local = "siban --db 局.db "
    typed(f"{local} init && {local} org load 原机构.toml && {local} 登记 --title 河道漂浮垃圾 --source 群众反映 --匿名")
    typed(f"{local} attach 1 照片.txt")
    before = typed(f"{local} log -n 0 -o json")
    printed = typed(block("move"))
    assert printed.count("办理记录") >= 3  # backup, dry run, copy
    assert PASSWORD not in printed
    moved = far.url("xuchen", "moved")
    entries = json.loads(before)
    assert json.loads(far("xuchen", "log", "-n", "0", "-o", "json", url=moved).out)[: len(entries)] == entries
    assert [one["state"] for one in far("xuchen", "evidence", "1", "-o", "json", url=moved, files=share).json] == [
        "完好"
    ]
    said = far("fangwj", "受理", "1", url=moved)
    assert said.status == 0, said
    server = re.search(r"export SERVER=.*\n", block("move"))
    assert server
    typed(server[0] + block("back"))
    with closing(open_store(str(office / "局-取回.db"))) as store, store.read() as reader:
        assert [event.verb for event in reader.events(EventQuery(item=1))][-1] == "accept"
    [backup] = kept.iterdir()
    assert backup.name.startswith("moved-")
    assert (
        far("siban_owner", "db", "copy", str(office / "局.db"), moved.replace("xuchen", "siban_owner")).status == 1
    )  # it is there
