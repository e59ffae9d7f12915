"""A full disk: what was kept stays, the rest of the gateway serves, the log tells it once, and it heals by itself."""
import os
import subprocess

import pytest

from gateway import Gateway, Segment, until


@pytest.fixture
def small_disk(tmp_path, tmp_path_factory):
    """A folder of 3 MB on a file system of its own, but for the log of the test."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", tmp_path]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    (tmp_path / "log").symlink_to(tmp_path_factory.mktemp("log") / "log")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def fill(folder):
    room = os.statvfs(folder)
    (folder / "ballast").write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - 65536)))


def test_a_full_disk_is_told_once_and_healed(small_disk):
    with Segment("--meters", "10", "--baud", "0") as segment, Gateway(bus=segment, folder=small_disk) as gw:
        gw.install([("hall", a) for a in segment.addresses()])
        gw.read_all()
        kept = until(lambda: gw.get("/system")["store"]["readings"], "ten readings")
        fill(small_disk)
        file_before = gw.conf.read_text()

        def is_full():
            gw.read_all()
            return gw.get("/system")["store"]["full"]
        until(is_full, "a full disk", 30)
        for _ in range(3):
            gw.read_all()
        assert gw.log().count("readings are not kept until there is room") == 1
        assert gw.log().count("could not be kept") <= 1
        assert gw.get("/system")["store"]["readings"] >= kept
        refused = gw.call("PATCH", "/api/v1/settings", {"readout.cron": "0 1 * * *"})
        assert refused.status == 507
        assert gw.conf.read_text() == file_before

        (small_disk / "ballast").unlink()
        until(lambda: not gw.get("/system")["store"]["full"], "room again", 30)
        before = gw.get("/system")["store"]["readings"]
        gw.read_all()
        assert gw.get("/system")["store"]["readings"] == before + 10
        gw.restart()
        assert gw.get("/system")["store"]["readings"] == before + 10
