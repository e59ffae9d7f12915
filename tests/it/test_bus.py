"""The bus end to end: noise, echo, chains, meters that are silent or others, converters that go and come back."""
import signal

import pytest
from gateway import Gateway, Segment, until

QUICK = {"mbus.response_timeout_ms": "60"}


def frame(body):
    """A long frame around a body (user group, 5.2): start, length twice, start, body, sum, stop."""
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 255, 0x16])


def telegram(ident, energy=12345, primary=0, access=1, more=False):
    """A heat meter KAM, version 1Bh, with one record: energy in kWh. With more, it announces another telegram."""
    header = bytes.fromhex(f"{ident:08d}")[::-1] + bytes.fromhex("2D2C1B04") + bytes([access, 0, 0, 0])
    record = bytes.fromhex("0406") + energy.to_bytes(4, "little")
    return frame(bytes([0x08, primary, 0x72]) + header + record + (b"\x1f" if more else b""))


class Meters:
    """A folder of telegram files for the simulator."""

    def __init__(self, path):
        self.path = path

    def add(self, ident, *chain, text=""):
        lines = [t.hex() for t in chain or [telegram(ident)]]
        (self.path / f"{ident}.hex").write_text(text + "\n".join(lines) + "\n")
        return ident


@pytest.fixture
def meters(tmp_path):
    folder = tmp_path / "meters"
    folder.mkdir()
    return Meters(folder)


def statuses(gw):
    return {m["secondary_address"]: (m["last_readout"] or {}).get("status") for m in gw.pages("/meters", "meters")}


def energies(gw, ident):
    values = gw.get(f"/meters/{gw.meter(str(ident))['id']}/latest")["values"]
    return [float(v["value"]) for v in values if v["quantity"] == "energy"]


def errors(job):
    return {e["subject"]: e["text"] if "text" in e else e["message"] for e in job["errors"]}


def test_a_noisy_line_loses_no_meter_and_lets_no_wrong_value_through(meters):
    idents = [meters.add(50000000 + n) for n in range(8)]
    faults = [a for f in ("drop=0.1", "flip=0.1", "junk=0.1", "cut=0.05") for a in ("--fault", f)]
    settings = {"mbus.response_timeout_ms": "100", "mbus.readout_retries": "8", "mbus.selection_retries": "8"}
    with Segment("--telegrams", meters.path, "--baud", 0, "--seed", 3, *faults) as sim, Gateway(settings, bus=sim) as gw:
        gw.install([("", n) for n in idents])
        gw.read_all()
        assert set(statuses(gw).values()) == {"ok"}
        assert all(energies(gw, n) == [12345000.0] for n in idents)


def test_late_answers_are_never_taken_for_another_meters(meters):
    idents = [meters.add(51000000 + n, telegram(51000000 + n, 100 + n)) for n in range(4)]
    with Segment("--telegrams", meters.path, "--baud", 0, "--fault", "late=0.3") as sim, Gateway(QUICK, bus=sim) as gw:
        gw.install([("", n) for n in idents])
        for _ in range(3):
            gw.read_all()
        for n in idents:
            readings = gw.get(f"/meters/{gw.meter(str(n))['id']}/readings?limit=100")["readings"]
            got = {float(v["value"]) for r in readings for v in r["values"] if v["quantity"] == "energy"}
            assert got <= {(100 + n - idents[0]) * 1000.0}


@pytest.mark.parametrize("pty", [False, True])
def test_an_echo_is_no_answer(meters, pty):
    idents = [meters.add(52000000), meters.add(52000001, telegram(52000001, primary=7), text="# primary: 7\n")]
    with Segment("--telegrams", meters.path, "--baud", 0, "--fault", "echo=1", pty=pty) as sim, Gateway(QUICK, bus=sim) as gw:
        gw.install([("", idents[0]), ("", idents[1], 2400, "Primary", 7)])
        job = gw.read_all()
        assert job["errors"] == []
        gw.install([("", "99999999")])
        gw.read_all()
        assert statuses(gw)["99999999"] == "no_answer"  # its own echo does not make a meter


@pytest.mark.parametrize("settings, n", [({}, 4), ({"mbus.multi_telegram_limit": "2"}, 2), ({"mbus.multi_telegram": "off"}, 1)])
def test_a_chain_is_read_to_its_end_or_limit(meters, settings, n):
    chain = [telegram(53000000, e, access=e, more=e < 4) for e in (1, 2, 3, 4)]
    meters.add(53000000, *chain)
    with Segment("--telegrams", meters.path, "--baud", 0) as sim, Gateway(settings, bus=sim) as gw:
        gw.install([("", "53000000")])
        gw.read_all()
        assert energies(gw, 53000000) == [1000.0 * e for e in range(1, n + 1)]


def test_another_meter_at_the_address_is_named_and_not_stored_as_ours(meters):
    meters.add(54000000, telegram(54000000, primary=9), text="# primary: 9\n")
    with Segment("--telegrams", meters.path, "--baud", 0) as sim, Gateway(QUICK, bus=sim) as gw:
        gw.install([("", "11111111", 2400, "Primary", 9)])
        job = gw.read_all()
        assert statuses(gw)["11111111"] == "wrong_meter"
        assert "another meter answered" in errors(job)["meter 11111111"]
        gw.api("GET", f"/meters/{gw.meter('11111111')['id']}/latest", expect=404)


def test_two_meters_at_one_address_are_a_collision(meters):
    for n in (55000000, 55000001):
        meters.add(n, telegram(n, 3 * n % 1000, primary=11), text="# primary: 11\n")
    with Segment("--telegrams", meters.path, "--baud", 0) as sim, Gateway(QUICK, bus=sim) as gw:
        gw.install([("", "55000000", 2400, "Primary", 11)])
        gw.read_all()
        assert statuses(gw)["55000000"] in ("collision", "garbled")


@pytest.mark.parametrize("pty", [False, True])
def test_a_dead_converter_is_no_silent_meter_and_comes_back(meters, pty):
    ident = meters.add(56000000)
    with Segment("--telegrams", meters.path, "--baud", 0, pty=pty) as sim, Gateway(QUICK, bus=sim) as gw:
        gw.install([("", ident), ("", "99999999")])
        job = gw.read_all()
        assert job["state"] == "done" and list(errors(job)) == ["meter 99999999"]
        assert statuses(gw) == {"56000000": "ok", "99999999": "no_answer"}
        before = gw.meter("56000000")["last_readout"]

        sim.program.stop()
        job = gw.read_all()
        assert job["state"] == "failed" and list(errors(job)) == ["bus1"]
        assert "is down" in errors(job)["bus1"]
        assert gw.meter("56000000")["last_readout"] == before
        assert "bus1: " in gw.log() and "is down: " in gw.log()

        sim.start()
        job = gw.read_all()         # asks for the interface, which therefore tries at once
        assert job["state"] == "done" and list(errors(job)) == ["meter 99999999"]


def test_a_converter_that_goes_in_the_middle_of_a_readout_ends_it(meters):
    idents = [meters.add(57000000 + n) for n in range(12)]
    with Segment("--telegrams", meters.path, "--baud", 2400) as sim, Gateway(bus=sim) as gw:
        gw.install([("", n) for n in idents])
        number = gw.post("/readouts", {"meters": "all"})["job"]
        until(lambda: gw.get(f"/jobs/{number}")["progress"]["done"] >= 2, "two meters")
        sim.program.stop(signal.SIGKILL)
        job = until(lambda: gw.ended(number), "the end of the job")
        assert list(errors(job)) == ["bus1"] and "meters were not read" in errors(job)["bus1"]
        assert set(statuses(gw).values()) <= {"ok", None}


def test_a_port_is_changed_while_the_gateway_runs_and_others_are_not_touched(meters, tmp_path):
    first, second = meters.add(58000000), 58000001
    other = Meters(tmp_path / "other")
    other.path.mkdir()
    other.add(second)
    with Segment("--telegrams", meters.path, "--baud", 0) as a, Segment("--telegrams", other.path, "--baud", 0) as b:
        with Gateway(QUICK | {"bus2.enabled": "true", "bus2.port": b.port}, bus=a) as gw:
            gw.install([("", first), ("", second)])
            gw.api("PATCH", f"/meters/{gw.meter(str(second))['id']}", {"bus": 2})
            assert gw.read_all()["errors"] == []
            was = gw.log().count(f"{b.port} is up")
            a.program.stop()
            gw.api("PATCH", "/settings", {"bus1.enabled": False})
            assert list(errors(gw.read_all())) == ["bus1"]
            assert statuses(gw)[str(second)] == "ok"
            a.start()
            gw.api("PATCH", "/settings", {"bus1.enabled": True})
            until(lambda: gw.read_all()["errors"] == [], "both buses")
            assert gw.log().count(f"{b.port} is up") == was
