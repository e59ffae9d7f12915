"""The bus shared: masters elsewhere on Transparent M-Bus, and on Virtual M-Bus, byte by byte as the standard has them."""
import contextlib
import random
import socket
import subprocess
import time

import pytest
from gateway import BUILD, Gateway, Segment, free_port, until

QUICK = {"mbus.response_timeout_ms": "60"}
ACK = b"\xe5"


def frame(body):
    """A long frame around a body (user group, 5.2): start, length twice, start, body, sum, stop."""
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 255, 0x16])


def short(c, a):
    return bytes([0x10, c, a, (c + a) & 255, 0x16])


def select(ident="FFFFFFFF", rest="FFFFFFFF", extra=b""):
    """Mode 1 selection; ident as printed, F for any digit; rest: maker, version, medium as on the wire."""
    return frame(bytes.fromhex("53FD52") + bytes.fromhex(ident)[::-1] + bytes.fromhex(rest) + extra)


def telegram(ident, energy=12345, primary=0, more=False, status=0, access=1):
    """A heat meter KAM, version 1Bh, with its energy in kWh. With more, it announces another telegram."""
    header = bytes.fromhex(f"{ident:08d}")[::-1] + bytes.fromhex("2D2C1B04") + bytes([access, status, 0, 0])
    record = bytes.fromhex("0406") + energy.to_bytes(4, "little")
    return frame(bytes([0x08, primary, 0x72]) + header + record + (b"\x1f" if more else b""))


def energy_of(answer):
    """The energy at its fixed place in the telegrams above, as a number."""
    assert answer[19:21] == bytes.fromhex("0406"), answer.hex()
    return int.from_bytes(answer[21:25], "little")


def ident_of(answer):
    return answer[7:11][::-1].hex().upper()


class Master:
    """A master on a TCP port that takes what it gets."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 3)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def ask(self, request, silence=0.25):
        """Sends the request; returns one whole frame, or all that came before the silence."""
        if request:
            self.socket.sendall(request)
        self.socket.settimeout(silence)
        got = b""
        with contextlib.suppress(TimeoutError):
            while more := self.socket.recv(1):
                got += more
                if got == ACK or (len(got) > 1 and got[0] == 0x68 and len(got) == got[1] + 6):
                    break
        return got

    def is_closed(self, seconds):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False


class Meters:
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


@contextlib.contextmanager
def virtual(folder, rows, settings=None, **more):
    """A gateway that has read its meters once; then its bus is gone. Gives (gateway, port)."""
    port = free_port()
    settings = QUICK | {"vmbus.enabled": "true", "vmbus.port": port} | (settings or {})
    with Segment("--telegrams", folder, "--baud", 0) as sim, Gateway(settings, bus=sim, **more) as gw:
        gw.install(rows)
        assert gw.read_all()["state"] == "done"
        sim.program.stop()
        yield gw, port


def service(gw, name):
    return gw.get("/system")["services"][name]


# --- Virtual M-Bus ---


def test_many_masters_read_the_last_telegrams_and_the_bus_is_not_touched(meters):
    idents = [meters.add(70000000 + n, telegram(70000000 + n, energy=n)) for n in range(6)]
    with virtual(meters.path, [("", n) for n in idents]) as (gw, port):
        masters = [Master(port) for _ in idents]
        for n, m in enumerate(masters):     # all have selected their own meter before anyone reads
            assert m.ask(select(f"{idents[n]}")) == ACK
        for n, m in enumerate(masters):
            answer = m.ask(short(0x7B, 0xFD))
            assert (ident_of(answer), energy_of(answer)) == (str(idents[n]), n)
            assert m.ask(short(0x5B, 0xFD))[21:25] == answer[21:25], "a single telegram begins anew"
            m.socket.close()
        assert service(gw, "vmbus")["answers"] == 12
        until(lambda: service(gw, "vmbus")["clients"] == 0, "the masters to be gone")


def test_a_meter_read_by_primary_address_answers_to_that_one_only(meters):
    meters.add(70000001, telegram(70000001, energy=1, primary=9))
    meters.add(70000002, telegram(70000002, energy=2, primary=7))
    rows = [("", "", 2400, "Primary", 9, ""), ("", 70000002)]
    with virtual(meters.path, rows) as (gw, port), Master(port) as m:
        assert m.ask(short(0x40, 9)) == ACK
        assert energy_of(m.ask(short(0x7B, 9))) == 1
        assert m.ask(short(0x40, 7)) == b"", "the other one is read by secondary address"
        assert m.ask(short(0x7B, 0xFD)) == b"", "nobody is selected"
        assert m.ask(select("70000001")) == ACK
        assert m.ask(short(0x40, 0xFD)) == b"" and m.ask(short(0x7B, 0xFD)) == b"", "a link reset deselects"
        assert m.ask(select("70000003")) == b""
        assert m.ask(short(0x5A, 9)) == ACK, "no alarm"
        assert m.ask(short(0x7B, 0xFF)) == b"", "nobody answers a broadcast"


def test_an_enhanced_selection_finds_the_fabrication_number(meters):
    with_number = frame(telegram(70000001)[4:-2] + bytes.fromhex("0C7878563412"))
    meters.add(70000001, with_number)
    with virtual(meters.path, [("", 70000001)]) as (gw, port), Master(port) as m:
        assert m.ask(select(extra=bytes.fromhex("0C7878563412"))) == ACK
        assert m.ask(short(0x7B, 0xFD))[-7:-2] == bytes.fromhex("7878563412")
        assert m.ask(select(extra=bytes.fromhex("0C7879563412"))) == b""
        assert m.ask(short(0x7B, 0xFD)) == b""


def test_a_chain_is_fetched_with_the_frame_count_bit(meters):
    chain = [telegram(70000001, energy=n, more=n < 3) for n in (1, 2, 3)]
    meters.add(70000001, *chain)
    with virtual(meters.path, [("", 70000001)]) as (gw, port), Master(port) as m:
        assert m.ask(select("70000001")) == ACK
        asked = [0x7B, 0x5B, 0x5B, 0x7B, 0x5B]
        assert [energy_of(m.ask(short(c, 0xFD))) for c in asked] == [1, 2, 2, 3, 1]
        again = m.ask(short(0x5B, 0xFD))
        assert again == m.ask(short(0x5B, 0xFD)), "a repetition is the very same"


def search(m, mask="", found=None):
    """The wildcard search of the user group's paper (7.3): digit by digit, deeper where answers collide."""
    found = [] if found is None else found
    for digit in "0123456789":
        probe = (mask + digit).ljust(8, "F")
        if m.ask(select(probe), 0.02) != ACK:
            continue
        answer = m.ask(short(0x7B, 0xFD), 0.02)
        sound = len(answer) > 6 and answer[0] == 0x68 and answer[-1] == 0x16 and sum(answer[4:-2]) & 255 == answer[-2]
        if sound:
            found.append(ident_of(answer))
        else:
            assert len(mask) < 7, "a collision below the last digit"
            search(m, mask + digit, found)
    return found


def test_the_whole_wildcard_search_finds_every_meter_and_no_ghost(meters):
    idents = sorted(random.Random(4).sample(range(10**8), 40))
    for n in idents:
        meters.add(n, telegram(n))
    with virtual(meters.path, [("", f"{n:08d}") for n in idents]) as (gw, port), Master(port) as m:
        assert m.ask(select()) == ACK
        assert sorted(search(m)) == [f"{n:08d}" for n in idents]


def test_past_the_expiry_a_meter_answers_with_no_value(meters):
    meters.add(70000001, telegram(70000001, energy=777))
    with virtual(meters.path, [("", 70000001)], {"vmbus.expiry_s": "2"}) as (gw, port), Master(port) as m:
        def read():
            assert m.ask(select("70000001")) == ACK
            return m.ask(short(0x7B, 0xFD))
        assert energy_of(read()) == 777
        old = until(lambda: (a := read()) and len(a) < len(telegram(1)) and a, "the value to expire", 5, 0.2)
        assert ident_of(old) == "70000001" and old[19:21] == bytes.fromhex("0006"), "the record says: no data"
        assert len(old) == 23
        text = subprocess.run([BUILD / "mbus-decode", "--text"], input=old.hex() + "\n", capture_output=True, text=True)
        assert "energy" in text.stdout and "777" not in text.stdout, text
        assert service(gw, "vmbus")["expired"] >= 1


def test_after_a_restart_the_stored_telegrams_are_served(meters):
    meters.add(70000001, telegram(70000001, energy=4711))
    with virtual(meters.path, [("", 70000001)]) as (gw, port):
        gw.restart()
        with Master(port) as m:
            assert m.ask(select("70000001")) == ACK
            assert energy_of(m.ask(short(0x7B, 0xFD))) == 4711
        number = gw.meter("70000001")["id"]
        gw.api("DELETE", f"/meters/{number}")
        with Master(port) as m:
            assert m.ask(select("70000001")) == b"", "a removed meter is gone"


def test_nothing_can_be_written_and_noise_harms_nobody(meters):
    meters.add(70000001, telegram(70000001, energy=5))
    with virtual(meters.path, [("", 70000001)]) as (gw, port), Master(port) as m:
        assert m.ask(select("70000001")) == ACK
        assert m.ask(frame(bytes.fromhex("53FD51017A05"))) == b"", "no primary address can be set"
        assert m.ask(frame(bytes.fromhex("53FDBD"))) == b"", "no rate"
        assert m.ask(frame(bytes.fromhex("53FD50"))) == ACK, "a reset of the application only begins anew"
        noise = random.Random(2)
        m.socket.sendall(bytes(noise.randrange(256) for _ in range(5000)))
        time.sleep(1.2)
        m.ask(b"")
        while m.ask(b"", 0.1):
            pass
        assert m.ask(select("70000001")) == ACK and energy_of(m.ask(short(0x7B, 0xFD))) == 5


def test_a_silent_connection_is_closed_and_settings_take_effect_at_once(meters):
    meters.add(70000001)
    with virtual(meters.path, [("", 70000001)], {"vmbus.idle_timeout_s": "1"}) as (gw, port):
        with Master(port) as m:
            assert m.is_closed(3)
        with Master(port) as m:
            gw.api("PATCH", "/settings", {"vmbus.enabled": "false"})
            assert m.is_closed(2)
        with pytest.raises(ConnectionRefusedError):
            Master(port)
        gw.api("PATCH", "/settings", {"vmbus.bind": "elsewhere.example"}, 422)


# --- Transparent M-Bus ---


@contextlib.contextmanager
def transparent(folder, settings=None, baud=0):
    """Gives (gateway, port of packing mbus, port of packing transparent)."""
    ports = free_port(), free_port()
    settings = QUICK | {"tmbus1.enabled": "true", "tmbus1.port": ports[0], "tmbus2.enabled": "true",
                        "tmbus2.port": ports[1], "tmbus2.packing": "transparent"} | (settings or {})
    with Segment("--telegrams", folder, "--baud", baud) as sim, Gateway(settings, bus=sim) as gw:
        yield gw, *ports


def test_a_master_elsewhere_reads_the_meters_itself(meters):
    meters.add(70000001, telegram(70000001, energy=1, primary=5))
    with transparent(meters.path) as (gw, *ports):
        for port in ports:
            with Master(port) as m:
                assert m.ask(short(0x40, 5), 1) == ACK
                assert energy_of(m.ask(short(0x7B, 5), 1)) == 1
                assert m.ask(select("70000001"), 1) == ACK
                assert energy_of(m.ask(short(0x7B, 0xFD), 1)) == 1
        assert [p["sent"] for p in service(gw, "tmbus")["ports"]] == [4, 4]


def test_only_good_frames_pass_with_packing_mbus(meters):
    meters.add(70000001, telegram(70000001, primary=5))
    with transparent(meters.path) as (gw, port, _), Master(port) as m:
        assert m.ask(b"\x10\x40\x05\x00\x16") == b"", "a wrong checksum"
        assert m.ask(b"\xff\x00hello") == b""
        assert m.ask(telegram(70000001)) == b"", "the answer of a meter is no request"
        assert service(gw, "tmbus")["ports"][0]["sent"] == 0
        assert m.ask(b"\x00\x68" + short(0x40, 5), 1) == ACK, "a frame behind noise"
        status = service(gw, "tmbus")["ports"][0]
        assert status["sent"] == 1 and status["dropped_bytes"] == 5 + 7 + len(telegram(70000001)) + 2
        for byte in short(0x40, 5):
            m.socket.sendall(bytes([byte]))
            time.sleep(0.02)
        assert m.ask(b"", 1) == ACK, "a frame in pieces"


def test_readouts_wait_while_a_master_has_a_meter_selected(meters):
    idents = [meters.add(70000001 + n, telegram(70000001 + n, energy=n)) for n in range(3)]
    with transparent(meters.path, {"tmbus1.hold_ms": "1500"}) as (gw, port, _):
        gw.install([("", n) for n in idents])
        with Master(port) as m:
            assert m.ask(select("70000002"), 1) == ACK
            job = gw.post("/readouts", {"meters": "all"}, 202)["job"]
            for bit in (0x7B, 0x5B) * 3:
                assert ident_of(m.ask(short(bit, 0xFD), 1)) == "70000002"
                assert gw.get(f"/jobs/{job}")["state"] in ("waiting", "running")
                time.sleep(0.2)
            until(lambda: gw.ended(job), "the readout to have its turn", 8)
            assert gw.get(f"/jobs/{job}")["state"] == "done"
            # Others have had the bus: the selection is gone, and no other meter's data comes in its place.
            assert m.ask(short(0x7B, 0xFD), 0.5) == b""
            assert service(gw, "tmbus")["ports"][0]["unselected"] == 1
            assert m.ask(select("70000002"), 1) == ACK
            assert ident_of(m.ask(short(0x7B, 0xFD), 1)) == "70000002"


def test_two_masters_at_once_never_get_each_others_meters(meters):
    idents = [meters.add(70000001 + n, telegram(70000001 + n, energy=n)) for n in range(2)]
    with transparent(meters.path, {"tmbus1.hold_ms": "100", "tmbus2.hold_ms": "100"}) as (gw, port, other):
        with Master(port) as a, Master(other) as b:
            n_answers = 0
            for _ in range(4):
                a.socket.sendall(select("70000001"))
                b.socket.sendall(select("70000002"))
                for m, ident in ((a, "70000001"), (b, "70000002")):
                    assert m.ask(b"", 2) == ACK
                    answer = m.ask(short(0x7B, 0xFD), 0.5)  # silence when the turn was over by now
                    assert answer == b"" or ident_of(answer) == ident
                    n_answers += answer != b""
            assert n_answers >= 4, "who asks at once gets his answer"
        until(lambda: sum(p["clients"] for p in service(gw, "tmbus")["ports"]) == 0, "both to be gone")


def test_a_master_that_goes_midway_leaves_the_bus_in_order(meters):
    ident = meters.add(70000001)
    with transparent(meters.path, baud=2400) as (gw, port, other):
        gw.install([("", ident)])
        for p in (port, other) * 3:
            with Master(p) as m:
                m.socket.sendall(select(str(ident)))
        assert gw.read_all()["state"] == "done"
        assert gw.get("/meters")["meters"][0]["last_readout"]["status"] == "ok"


def test_a_bus_that_is_down_costs_a_request_and_not_the_connection(meters):
    meters.add(70000001, telegram(70000001, primary=5))
    port = free_port()
    with Segment("--telegrams", meters.path, "--baud", 0) as sim:
        with Gateway(QUICK | {"tmbus1.enabled": "true", "tmbus1.port": port}, bus=sim) as gw, Master(port) as m:
            assert m.ask(short(0x40, 5), 1) == ACK
            sim.program.stop()
            assert m.ask(short(0x40, 5), 1) == b""
            sim.start()
            until(lambda: m.ask(short(0x40, 5), 1) == ACK, "the bus to be up again", 10)
