#!/usr/bin/env python3
"""Measures how much of the time there are bits on a 2400 baud line while meters are read by secondary address.

Eight simulated meters on a pseudo terminal, read round after round by one gateway; the simulator counts the time in which
bits were on the wire, either way, and slaves answer after the shortest time that the standard allows (11 bit times).
"""
import csv, json, pathlib, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "it"))
from gateway import BUILD, Gateway, Segment, until  # noqa: E402

METERS, ROUNDS, BAUD = 8, 6, 2400


def counters(path):
    """The simulator's figures, written after this call."""
    asked = time.time()

    def fresh():
        try:
            return path.stat().st_mtime > asked and json.loads(path.read_text())
        except (OSError, ValueError):
            return None
    return until(fresh, "the simulator's figures", 5)


def share(gw, stats):
    listed = subprocess.run([BUILD / "mbus-sim", "--meters", str(METERS), "--list"], capture_output=True, text=True, check=True)
    gw.install([("", row["secondary_address"]) for row in csv.DictReader(listed.stdout.splitlines())])
    gw.read_all(120)                        # makers become known: the selections are those of every day
    was = counters(stats)
    until(lambda: counters(stats)["readouts"] >= was["readouts"] + ROUNDS * METERS, "the readouts", 240, 0.5)
    now = counters(stats)
    return (now["busy_s"] - was["busy_s"]) / (now["elapsed_s"] - was["elapsed_s"])


def measure():
    with tempfile.TemporaryDirectory(prefix="bench-bus-") as folder:
        stats = pathlib.Path(folder) / "stats.json"
        args = ("--meters", METERS, "--baud", BAUD, "--delay-bits", 11, "--stats", stats)
        with Segment(*args, pty=True) as sim, Gateway({"continuous.enabled": "true"}, bus=sim) as gw:
            return share(gw, stats)


print(json.dumps({"name": "bus_wire_share_selected", "value": round(measure(), 4), "unit": "", "better": "higher", "goal": 0.97,
                  "peer": {"name": "libmbus", "value": 0.60}}))
