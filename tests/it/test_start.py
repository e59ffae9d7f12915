"""How metergated starts, reads its settings again, and ends: files, folders, descriptors, signals."""
import os
import signal
import subprocess

import pytest

from gateway import BUILD, Gateway, Program, Segment, until


def run(*args, **more):
    return subprocess.run([BUILD / "metergated", *map(str, args)], capture_output=True, text=True, timeout=20, **more)


def reload(gw, text, says):
    """A new settings file and SIGHUP; waits for what the log says of it."""
    if text is None:
        gw.conf.unlink()
    else:
        gw.conf.write_text(text)
    before = len(gw.log())
    gw.program.process.send_signal(signal.SIGHUP)
    return until(lambda: says in gw.log()[before:] and gw.log()[before:], says)


@pytest.mark.parametrize("more, says", [
    ("nonsense here\n", "metergate.conf line 3: there is no \"=\""),
    ("foo.bar = 1\n", "metergate.conf line 3: there is no setting foo.bar"),
    ("bus2.enabled = true\n", "settings: bus2"),
    (None, "metergate.conf: No such file"),
], ids=["syntax", "key", "together", "no file"])
def test_a_broken_file_leaves_the_settings_as_they_were(gw, more, says):
    good = gw.conf.read_text()
    line = reload(gw, more and good + more, "the settings stay as they were")
    assert says in line
    assert "line 0" not in line
    assert gw.get("/settings")["readout.enabled"] is False


def test_a_file_in_the_data_folder_that_went_is_told():
    with Gateway() as gw:
        gw.program.stop()
        own = gw.data / "metergate.conf"
        own.write_text(gw.conf.read_text())
        gw.program = Program([BUILD / "metergated", "-d", gw.data], gw.folder / "log")
        until(gw.is_up, "metergated to serve")
        own.unlink()
        gw.program.process.send_signal(signal.SIGHUP)
        until(lambda: "metergate.conf is not there; the settings stay as they were" in gw.log())
        assert "was read again" not in gw.log()


def test_a_port_that_is_changed_in_the_file_is_taken_by_sighup():
    with Segment("--meters", "1", "--baud", "0") as one, Segment("--meters", "1", "--baud", "0") as other:
        with Gateway(bus=one) as gw:
            until(lambda: f"{one.port} is up" in gw.log())
            reload(gw, gw.conf.read_text().replace(one.port, other.port), "was read again")
            until(lambda: f"{other.port} is up" in gw.log())


def test_overrides_and_file_are_checked_together(tmp_path):
    conf = tmp_path / "metergate.conf"
    conf.write_text("bus1.enabled = true\n")
    alone = run("-d", tmp_path, "--check-config")
    assert alone.returncode == 2 and "bus1" in alone.stderr
    both = run("-d", tmp_path, "--check-config", "-s", "bus1.port=tcp:127.0.0.1:5")
    assert both.returncode == 0, both.stderr


@pytest.mark.parametrize("pair, says", [
    ("bus1.port", "KEY=VALUE"), ("bus1.port=x", "bus1.port = x"), ("nix=1", "no setting nix"),
])
def test_an_override_that_cannot_be_is_named(tmp_path, pair, says):
    done = run("-d", tmp_path, "-s", pair)
    assert done.returncode == 2 and says in done.stderr


def test_a_second_one_on_the_same_folder_ends_with_a_clear_line(gw):
    done = run("-d", gw.data)
    assert done.returncode == 1 and f"{gw.data} is in use by another process" in done.stderr
    assert gw.is_up()


def test_a_web_port_in_use_ends_the_start_with_a_clear_line(gw, tmp_path):
    done = run("-d", tmp_path, "-s", f"web.port={gw.web}")
    assert done.returncode == 1 and f"port {gw.web}: Address already in use" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be another user for a moment")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o555)
    for folder in [tmp_path.parent, *tmp_path.parent.parents]:
        if folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
            folder.chmod(0o755)
    done = run("-d", tmp_path, user=65534, group=65534, extra_groups=[])
    assert done.returncode == 1 and f"cannot use {tmp_path}: Permission denied" in done.stderr


def start_by_shell(gw, shell, **more):
    """Starts it anew with what the shell does to its descriptors."""
    gw.program.stop()
    gw.program.process = subprocess.Popen(f"exec {BUILD}/metergated -c {gw.conf} -d {gw.data} {shell}", shell=True, **more)
    until(gw.is_up, "metergated to serve")


def test_closed_standard_descriptors_are_not_taken_for_other_files(gw):
    start_by_shell(gw, "<&- >&- 2>&-")
    for number in range(3):
        assert os.readlink(f"/proc/{gw.pid()}/fd/{number}") == "/dev/null"


def test_nobody_waits_for_whoever_reads_standard_error(gw):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    start_by_shell(gw, "", stderr=writer)
    gw.api("PATCH", "/settings", {"readout.cron": "0 1 * * *"})
    assert gw.program.stop() == 0
    os.close(reader)
    os.close(writer)
