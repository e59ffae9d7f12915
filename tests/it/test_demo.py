"""make demo: what a newcomer sees first, for some seconds."""
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from gateway import BUILD, ROOT, free_port, until

DEMO = ROOT / "tests" / "demo" / "demo.py"

pytestmark = pytest.mark.skipif(not (BUILD / "demo-history").exists(), reason=f"{BUILD}/demo-history is not built")


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """Starts the demonstration with a folder of its own for temporary files; returns (process, its output)."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started = []

    def start(*args):
        out = open(tmp_path / "output", "w+")
        p = subprocess.Popen([DEMO, *args], stdout=out, stderr=out, env={**os.environ, "BUILD": str(BUILD)})
        started.append((p, out))
        return p, lambda: pathlib.Path(out.name).read_text()

    yield start
    for p, out in started:
        p.terminate()
        p.wait()
        out.close()


def processes_in(folder):
    """Command lines of all processes that name the folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(words)
    return found


def left_in(folder):
    return [p.name for p in folder.iterdir() if p.name != "output"]


def test_it_reads_twelve_meters_delivers_reports_and_leaves_nothing(demo, tmp_path):
    port = free_port()
    p, output = demo("--port", str(port), "--seconds", "3")
    assert p.wait(120) == 0, output()
    told = output()
    assert "12 meters are installed" in told and "12 of 12 meters have answered" in told, told
    assert re.search(r"\b(103\d{3}|10[0-9]{4}) readings with \d{7} values of 12 meters", told), told
    assert re.search(r"A report has arrived: \d+_valuereport_\d{14}_3115\.csv with [1-9]\d* rows", told), told
    assert re.search(rf"Open http://127\.0\.0\.1:{port}/ and log in as admin with the password \S+", told), told
    assert not left_in(tmp_path) and not processes_in(tmp_path)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_at_any_moment_ends_all(demo, tmp_path, sig):
    p, output = demo("--port", str(free_port()))
    until(lambda: "meters are installed" in output(), "the meters", 60)
    p.send_signal(sig)
    assert p.wait(30) == 0, output()
    assert "nothing is left behind" in output()
    assert not left_in(tmp_path) and not processes_in(tmp_path)


def test_even_when_it_is_killed_its_programs_end(demo, tmp_path):
    p, output = demo("--port", str(free_port()))
    until(lambda: "The gateway reads the meters" in output(), "the gateway", 60)
    p.kill()
    p.wait()
    until(lambda: not processes_in(tmp_path), "the end of the programs", 15)


def test_a_port_in_use_is_told(demo):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        p, output = demo("--port", str(s.getsockname()[1]), "--seconds", "1")
        assert p.wait(30) == 1
        assert f"port {s.getsockname()[1]}" in output()
