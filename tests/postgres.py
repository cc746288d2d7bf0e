"""A throw-away PostgreSQL server for tests and benchmarks: from the machine's binaries, also when run as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ADMIN = "siban_admin"
"""The server's superuser."""

_ROOM = 2 * 1024**3

MISSING = "PostgreSQL (initdb, pg_ctl) is not on this machine: nothing of it was tested"


def binary(name: str) -> str:
    """Return the path of a program of PostgreSQL, "" where there is none."""
    places = [*sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(places)) or ""


class Server:
    """One server: a directory for its data and its socket, a port that only names the socket."""

    def __init__(self, folder: Path) -> None:
        """Take an empty directory."""
        self.folder = folder
        self.data = folder / "data"
        self.user = "postgres" if "postgres" in {one.pw_name for one in pwd.getpwall()} else "nobody"
        self.host = self.namespace = ""
        self._counted = 0

    def run(self, program: str, *arguments: str, check: bool = True) -> None:
        """Run one of its programs: as somebody else when we are root, which PostgreSQL refuses to be."""
        who = (
            {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        command = [binary(program), "-D", str(self.data), *arguments]
        if self.namespace:  # to go there one must be root still
            drop = ["setpriv", "--reuid", self.user, "--regid", str(pwd.getpwnam(self.user).pw_gid), "--clear-groups"]
            command, who = ["ip", "netns", "exec", self.namespace, *drop, *command], {}
        # no pipes: the server would keep them open
        with (self.folder / "said").open("wb") as said:
            done = subprocess.run(command, cwd=self.folder, stdout=said, stderr=said, check=False, **who)  # type: ignore[call-overload]  # one set of options or none
        if check and done.returncode:
            raise RuntimeError((self.folder / "said").read_text())

    def make(self) -> None:
        """Make the data directory, with trust for whoever reaches the socket and passwords for TCP."""
        self.run("initdb", "-U", ADMIN, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "--no-instructions")
        self.configure(max_connections="200", listen_addresses="''", unix_socket_directories=f"'{self.folder}'")

    def configure(self, **settings: str) -> None:
        """Add settings; they count from the next start."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.run("pg_ctl", "-w", "-t", "60", "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; `immediate` is a crash."""
        self.run("pg_ctl", "-w", "-m", mode, "stop", check=False)

    def url(self, database: str, user: str = ADMIN) -> str:
        """Return the address of a database."""
        if self.host:  # over a network
            return f"postgresql://{user}@{self.host}/{database}"
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def new(self, template: str = "template1") -> str:
        """Make a database like another one and return its name."""
        self._counted += 1
        name = f"test_{self._counted}"
        self.name(name, template)
        return name

    def name(self, name: str, template: str = "template1") -> None:
        """Make a database of a name."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'.encode())

    def drop(self, name: str) -> None:
        """Take a database away."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}"'.encode())


@contextmanager
def throw_away(namespace: str = "", *, on_disk: bool = False, **settings: str) -> Iterator[Server]:
    """Give a running server and take it away in the end; in memory where there is room, unless it must be `on_disk`."""
    memory = Path("/dev/shm")  # noqa: S108 - a crash of the server loses nothing of it, and disks are slow
    roomy = not on_disk and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    base = memory if roomy else Path("/tmp")  # noqa: S108 - short: a socket's path has 107 bytes
    with tempfile.TemporaryDirectory(prefix="siban-pg-", dir=base, ignore_cleanup_errors=True) as place:
        folder = Path(place)
        server = Server(folder)
        if os.getuid() == 0:
            shutil.chown(folder, server.user)
        folder.chmod(0o755)
        server.make()
        server.configure(**settings)
        if namespace:  # a network of its own: whoever reaches it may come in
            server.namespace = namespace
            with (server.data / "pg_hba.conf").open("a") as file:
                file.write("host all all 10.77.0.0/16 trust\n")
        try:
            server.start()
            yield server
        finally:
            server.stop()
