"""On what a path lies, by a mount table, and on what no database may lie."""

import pytest

from storage.mount import is_shared, kind_of

TABLE = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 27 0:40 / /data rw - btrfs /dev/vdb rw,subvol=/data
32 31 0:41 / /data/共享\040盘 rw shared:9 master:3 - cifs //nas/share rw
33 27 0:42 / /srv rw - tmpfs tmpfs rw
34 33 0:43 / /srv rw - nfs4 nas:/srv rw
35 27 0:44 / /home/o13/云盘 rw - fuse.sshfs o13@nas: rw
a line that is none
""".splitlines()

PLACES = {
    "/office.db": "ext4",
    "/data/office.db": "btrfs",
    "/data/共享 盘/office.db": "cifs",
    "/data/共享 盘2/office.db": "btrfs",  # a name that only begins like a mount point
    "/srv/office.db": "nfs4",  # mounted over what was there
    "/home/o13/云盘/四办/office.db": "fuse.sshfs",
    "/home/o13/office.db": "ext4",
}


@pytest.mark.parametrize("path", PLACES)
def test_the_nearest_mount_point_counts(path: str) -> None:
    """The longest above the path, and of two at one place the last."""
    assert kind_of(path, TABLE) == PLACES[path]


def test_nothing_is_known_without_a_table() -> None:
    """Then it is taken on trust."""
    assert kind_of("/office.db", []) == ""
    assert not is_shared("")


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "vboxsf", "gpfs", "lustre", "fuse", "fuse.sshfs"]
)
def test_shared_file_systems(kind: str) -> None:
    """Those that several machines, or a machine and its guests, have in common."""
    assert is_shared(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "f2fs", "fuseblk", "ntfs3"])
def test_file_systems_of_the_machine_itself(kind: str) -> None:
    """Those that lie on its own disks or in its memory."""
    assert not is_shared(kind)
