"""mbus-sim, asked by a small master of its own: every request is written by hand from EN 13757-2 and EN 13757-3."""
import contextlib
import json
import os
import pathlib
import select as poll
import signal
import socket
import subprocess
import termios
import time
import tty

import pytest

from gateway import BUILD, SHARED, Segment, until


# --- the master ---

def short(c, a):
    return bytes([0x10, c, a, (c + a) & 0xFF, 0x16])


def long(body):
    body = bytes.fromhex(body) if isinstance(body, str) else bytes(body)
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 0xFF, 0x16])


def bcd(text):
    """Eight digits, low byte first, wildcards included."""
    return bytes.fromhex(text)[::-1]


def selection(ident="FFFFFFFF", maker="FFFF", version="FF", medium="FF", more=b""):
    return long(bytes.fromhex("53FD52") + bcd(ident) + bytes.fromhex(maker + version + medium) + more)


RESET, READ, READ_AGAIN, SELECTED = 0x40, 0x7B, 0x5B, 0xFD
ACK = b"\xe5"


class Line:
    """One end of the bus: a terminal or a socket."""

    def __init__(self, segment):
        if segment.pty:
            self.fd = os.open(segment.link, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self.fd)
            self.close = lambda: os.close(self.fd)
        else:
            self.socket = socket.create_connection(("127.0.0.1", segment.tcp), 3)
            self.fd, self.close = self.socket.fileno(), self.socket.close

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def send(self, frame):
        os.write(self.fd, frame)

    def receive(self, seconds=0.3, quiet=0.03):
        """What arrives until the line is quiet again."""
        got, wait = b"", seconds
        while poll.select([self.fd], [], [], wait)[0]:
            more = os.read(self.fd, 4096)
            if not more:
                break
            got, wait = got + more, quiet
        return got

    def frame(self, seconds=3):
        """One E5 or one whole frame; its checksum must be right."""
        got, end = b"", time.monotonic() + seconds
        while not self.is_whole(got):
            left = end - time.monotonic()
            assert left > 0 and poll.select([self.fd], [], [], left)[0], f"only {got.hex()} came"
            got += os.read(self.fd, 1)
        if got != ACK:
            assert got[0] == got[3] == 0x68 and got[1] == got[2] and got[-1] == 0x16, got.hex()
            assert got[-2] == sum(got[4:-2]) & 0xFF, f"checksum of {got.hex()}"
        return got

    @staticmethod
    def is_whole(got):
        return got[:1] == ACK or (len(got) > 3 and len(got) == got[1] + 6)

    def ask(self, frame):
        self.send(frame)
        return self.frame()

    def one_byte(self, frame):
        self.send(frame)
        assert poll.select([self.fd], [], [], 3)[0]
        return os.read(self.fd, 1)

    def is_silent(self, frame, seconds=0.25):
        self.send(frame)
        return self.receive(seconds) == b""


def meter(ident="12345678", primary=5, maker="2D2C", version="1B", medium="04", records="04060A000000"):
    """A stored telegram of a meter: access number 2A, status 0, no encryption."""
    rest = bytes.fromhex(maker + version + medium + "2A000000" + records)
    return long(bytes([0x08, primary, 0x72]) + bcd(ident) + rest)


def telegram_file(folder, name, *lines):
    path = pathlib.Path(folder) / name
    path.write_text("".join((x if isinstance(x, str) else x.hex()) + "\n" for x in lines))
    return path


@contextlib.contextmanager
def bus(folder, *telegrams, args=("--baud", "0"), pty=False):
    """A segment with one file per meter, and a line to it."""
    files = []
    for i, lines in enumerate(telegrams):
        lines = [lines] if isinstance(lines, bytes) else lines
        files += ["--telegrams", telegram_file(folder, f"m{i:03}.hex", *lines)]
    with Segment(*files, *args, pty=pty) as segment, Line(segment) as line:
        line.segment = segment
        yield line
    assert segment.program.process.returncode == 0, "mbus-sim ended badly (a sanitizer's finding?)"


both = pytest.mark.parametrize("pty", [False, True], ids=["tcp", "pty"])


# --- addresses ---

@both
def test_reads_a_meter_by_its_primary_address(tmp_path, pty):
    with bus(tmp_path, meter(), pty=pty) as line:
        assert line.ask(short(RESET, 5)) == ACK
        assert line.ask(short(READ, 5)) == meter()
        assert line.is_silent(short(READ, 6))


@both
def test_reads_a_meter_by_selection(tmp_path, pty):
    with bus(tmp_path, meter(), meter("87654321", primary=6), pty=pty) as line:
        assert line.ask(selection("12345678")) == ACK
        assert line.ask(short(READ, SELECTED)) == meter()
        assert line.ask(selection("87654321", "2D2C", "1B", "04")) == ACK
        assert line.ask(short(READ, SELECTED))[5] == 6
        assert line.is_silent(selection("87654321", "2D2C", "1B", "07"))
        assert line.is_silent(short(READ, SELECTED))


def test_a_wildcard_selects_several_and_their_answers_overlay(tmp_path):
    a, b = meter("12345678"), meter("12345687", primary=6)
    with bus(tmp_path, a, b) as line:
        assert line.ask(selection("1234567F")) == ACK           # of one
        assert line.ask(selection("123456FF")) == ACK           # of both: E5 and E5 is E5
        line.send(short(READ, SELECTED))
        assert line.receive() == bytes(x & y for x, y in zip(a, b))


def test_answers_of_different_length_overlay_as_far_as_the_shorter_one_goes(tmp_path):
    a, b = meter("12345678"), meter("12345687", records="04060A0000000413FFFFFFFF")
    with bus(tmp_path, a, b) as line:
        line.ask(selection())
        line.send(short(READ, SELECTED))
        assert line.receive() == bytes(x & y for x, y in zip(a, b)) + b[len(a):]


def test_an_answer_that_comes_later_overlays_later(tmp_path):
    a, b = meter("12345678"), meter("12345687")
    with bus(tmp_path, a, ("# delay-bits: 22", b), args=("--baud", "9600")) as line:
        line.send(selection())
        assert line.receive() == ACK + ACK                      # the second one two characters behind
        line.send(short(READ, SELECTED))
        late = b"\xff\xff" + b
        assert line.receive() == bytes(x & y for x, y in zip(a + b"\xff\xff", late))


def test_a_search_by_digits_finds_every_meter(tmp_path):
    idents = ["00000001", "00000010", "13001651", "13001652", "13001661", "63001651", "99999999"]
    with bus(tmp_path, *[meter(i, primary=0) for i in idents]) as line:
        found = []

        def look(known):
            line.send(selection(known + "F" * (8 - len(known))))
            if not line.receive(0.03, 0.01):
                return
            line.send(short(READ, SELECTED))
            got = line.receive(0.5, 0.02)
            if Line.is_whole(got) and got[-2] == sum(got[4:-2]) & 0xFF:
                found.append(got[7:11][::-1].hex())
            else:
                for digit in "0123456789":
                    look(known + digit)

        for digit in "0123456789":
            look(digit)
        assert sorted(found) == idents


def test_enhanced_selection_tells_equal_addresses_apart(tmp_path):
    a, b = meter(primary=1), meter(primary=2)
    with bus(tmp_path, ("# enhanced: 00000017", a), ("# enhanced: 00000018", b)) as line:
        for digits, primary in (("00000017", 1), ("00000018", 2), ("FFFFFFF7", 1)):
            assert line.ask(selection("12345678", more=b"\x0c\x78" + bcd(digits))) == ACK
            assert line.ask(short(READ, SELECTED))[5] == primary
        assert line.is_silent(selection("12345678", more=b"\x0c\x78" + bcd("00000019")))


def test_the_fabrication_number_is_taken_from_the_telegram(tmp_path):
    with bus(tmp_path, meter(records="04060A0000000C7821436587")) as line:
        assert line.ask(selection("12345678", more=b"\x0c\x78" + bcd("87654321"))) == ACK
        assert line.is_silent(selection("12345678", more=b"\x0c\x78" + bcd("87654322")))


def test_directives_change_the_primary_address(tmp_path):
    with bus(tmp_path, ("# primary: 77", meter())) as line:
        assert line.is_silent(short(RESET, 5))
        assert line.ask(short(READ, 77)) == meter(primary=77)


def test_a_new_primary_address_is_taken_and_answered_with(tmp_path):
    with bus(tmp_path, meter()) as line:
        assert line.ask(selection("12345678")) == ACK
        assert line.ask(long("53FD51017A09")) == ACK
        assert line.ask(short(READ, 9)) == meter(primary=9)
        assert line.is_silent(short(RESET, 5))
        line.send(long("53FF51017A0A"))                         # broadcast: obeyed, not answered
        assert line.receive() == b""
        assert line.ask(short(RESET, 10)) == ACK


# --- frame count bit, chains ---

def test_a_chain_is_walked_by_toggling_and_a_repetition_is_the_same(tmp_path):
    chain = [meter(records="040601000000" + "1F"), meter(records="040602000000" + "1F"), meter(records="040603000000")]
    with bus(tmp_path, tuple(chain)) as line:
        assert line.ask(short(RESET, 5)) == ACK
        answers = [line.ask(short(c, 5)) for c in (0x7B, 0x7B, 0x5B, 0x7B, 0x7B, 0x5B)]
        assert [a[21] for a in answers] == [1, 1, 2, 3, 3, 1]   # the energy; behind the last one the first
        assert [a[15] for a in answers] == [0x2A, 0x2A, 0x2B, 0x2C, 0x2C, 0x2D]
        assert line.ask(long("530550")) == ACK                  # application reset
        assert line.ask(short(0x7B, 5))[21] == 1


# --- the line ---

def test_an_echo_comes_before_the_answer(tmp_path):
    with bus(tmp_path, meter(), args=("--baud", "0", "--fault", "echo=1")) as line:
        line.send(short(RESET, 5))
        assert line.receive() == short(RESET, 5) + ACK
        line.send(short(READ, 5))
        assert line.receive() == short(READ, 5) + meter()
        line.send(short(RESET, 6))
        assert line.receive() == short(RESET, 6)


def bits(n_chars, baud, more=0):
    return (11 * n_chars + more) / baud


@both
@pytest.mark.parametrize("baud,delay", [(2400, 11), (9600, 330), (300, 50)])
def test_bytes_take_the_time_of_their_bits(tmp_path, pty, baud, delay):
    answer = meter(records="04060A000000" * 3)
    with bus(tmp_path, answer, args=("--baud", baud, "--delay-bits", delay), pty=pty) as line:
        began = time.monotonic()
        line.send(short(READ, 5))
        while not poll.select([line.fd], [], [], 3)[0]:
            pass
        first = time.monotonic() - began
        assert line.frame() == answer
        whole = time.monotonic() - began
        # never early; late only as far as a busy machine makes this program late
        assert bits(5 + 1, baud, delay) <= first < bits(5 + 1, baud, delay) + 0.15
        assert bits(5 + len(answer), baud, delay) <= whole < bits(5 + len(answer), baud, delay) + 0.15


@both
def test_many_readouts_do_not_drift(tmp_path, pty):
    stats, n = tmp_path / "stats.json", 12
    answer = meter()
    with bus(tmp_path, answer, args=("--baud", "9600", "--delay-bits", "11", "--stats", stats), pty=pty) as line:
        began = time.monotonic()
        for i in range(n):
            assert len(line.ask(short(READ if i % 2 else READ_AGAIN, 5))) == len(answer)
        took, least = time.monotonic() - began, n * bits(5 + len(answer), 9600, 11)
        assert least <= took < 1.05 * least + 0.15
        line.segment.program.stop()
    busy = json.loads(stats.read_text())["busy_s"]
    assert busy == pytest.approx(n * bits(5 + len(answer), 9600), abs=0.001)


def test_a_request_in_pieces_is_one_request_and_a_cut_one_is_forgotten(tmp_path):
    with bus(tmp_path, meter(), args=("--baud", "9600")) as line:
        for byte in short(RESET, 5):
            line.send(bytes([byte]))
            time.sleep(0.002)
        assert line.frame() == ACK
        line.send(b"\x68\xff\xff\x68\x53")                      # the head of a frame that never comes
        time.sleep(0.1)
        assert line.ask(short(RESET, 5)) == ACK


def test_a_meter_switches_its_rate_and_is_deaf_to_the_old_one(tmp_path):
    def set_rate(speed):
        attributes = termios.tcgetattr(line.fd)
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(line.fd, termios.TCSANOW, attributes)

    with bus(tmp_path, meter(), args=("--baud", "2400"), pty=True) as line:
        set_rate(termios.B2400)
        began = time.monotonic()
        assert line.ask(long("5305BD")) == ACK                  # to 9600, answered at the old rate
        assert time.monotonic() - began >= bits(9 + 1, 2400, 11)
        assert line.is_silent(short(RESET, 5))
        set_rate(termios.B9600)
        began = time.monotonic()
        assert line.ask(short(RESET, 5)) == ACK
        assert bits(5 + 1, 9600, 11) <= time.monotonic() - began < bits(5 + 1, 2400, 11)


# --- faults ---

@pytest.mark.parametrize("fault,judge", [
    ("drop", lambda got: got == b""),
    ("cut", lambda got: len(got) < len(meter()) and meter().startswith(got)),
    ("flip", lambda got: len(got) == len(meter()) and sum(x != y for x, y in zip(got, meter())) == 1),
    ("junk", lambda got: got.endswith(meter()) and len(got) > len(meter())),
    ("busy", lambda got: got == long("08057008")),
    ("endless", lambda got: got == meter(records="04060A0000001F")),
])
def test_faults_strike_the_answer(tmp_path, fault, judge):
    with bus(tmp_path, meter(), args=("--baud", "0", "--fault", f"{fault}=1")) as line:
        line.send(short(READ, 5))
        got = line.receive()
        assert judge(got), got.hex()


def test_a_late_answer_comes_after_the_time_limit_of_the_standard(tmp_path):
    with bus(tmp_path, meter(), args=("--baud", "2400", "--fault", "late=1")) as line:
        began = time.monotonic()
        line.send(short(RESET, 5))
        assert line.frame() == ACK
        assert time.monotonic() - began > bits(5 + 1, 2400, 330) + 0.05


def test_a_misread_frame_count_bit_stalls_a_chain(tmp_path):
    chain = [meter(records="0406010000001F"), meter(records="040602000000")]
    with bus(tmp_path, tuple(chain), args=("--baud", "0", "--fault", "fcb=0.5", "--seed", "3")) as line:
        energies = [line.ask(short(c, 5))[21] for c in [READ, READ_AGAIN] * 20]
        assert energies != [1, 2] * 20


def test_the_same_seed_makes_the_same_faults(tmp_path):
    def run(seed):
        with bus(tmp_path, meter(), args=("--baud", "0", "--fault", "flip=0.5", "--seed", seed)) as line:
            return [line.one_byte(short(RESET, 5)) for _ in range(25)]

    assert run(5) == run(5)
    assert run(5) != run(6)


# --- made-up meters ---

def mbus_sim(*args):
    """Runs it to its end."""
    return subprocess.run([BUILD / "mbus-sim", *map(str, args)], capture_output=True, text=True, timeout=10)


def listed(*args):
    done = mbus_sim("--list", *args)
    assert done.returncode == 0, done.stderr
    lines = [x.split(",") for x in done.stdout.splitlines()]
    return [dict(zip(lines[0], x)) for x in lines[1:]]


def test_made_up_meters_are_told_by_their_seed_and_differ():
    many = listed("--meters", 250)
    assert many == listed("--meters", 250) != listed("--meters", 250, "--seed", 2)
    assert len({m["secondary_address"] for m in many}) == 250
    assert [int(m["primary_address"]) for m in many] == list(range(1, 251))
    assert all(m["secondary_address"].isdigit() for m in many)
    assert listed("--meters", 251)[250]["primary_address"] == ""


@both
def test_made_up_meters_answer_by_all_their_addresses(pty):
    with Segment("--meters", "6", "--baud", "0", pty=pty) as segment, Line(segment) as line:
        for m in listed("--meters", 6):
            ident = m["secondary_address"]
            by_primary = line.ask(short(READ, int(m["primary_address"])))
            assert line.ask(selection(ident, more=b"\x0c\x78" + bcd(m["enhanced_address"]))) == ACK
            by_selection = line.ask(short(READ, SELECTED))
            assert by_primary[7:11] == by_selection[7:11] == bcd(ident)


def test_counters_of_made_up_meters_never_step_back():
    def energies():
        out = []
        with Segment("--meters", "6", "--baud", "0") as segment, Line(segment) as line:
            for m in listed("--meters", 6):
                got = line.ask(short(READ, int(m["primary_address"])))
                at = got.index(bytes.fromhex("0C13" if got[14] == 7 else "0404" if got[14] == 2 else "0406"), 19)
                raw = got[at + 2:at + 6][::-1]
                out.append(int(raw.hex()) if got[14] == 7 else int.from_bytes(raw, "big"))
        return out

    first = energies()
    time.sleep(1.1)
    second = energies()                                         # of another process
    assert all(a <= b for a, b in zip(first, second))
    assert all(a > 100 for a in first)


# --- keys ---

KEY = "0102030405060708090A0B0C0D0E0F11"


def decrypted(frame):
    """The payload of a mode 5 telegram, opened with openssl."""
    head, payload = frame[7:19], frame[19:-2]
    iv = head[4:6] + head[0:4] + head[6:8] + bytes([head[8]]) * 8
    done = subprocess.run(["openssl", "enc", "-d", "-aes-128-cbc", "-nopad", "-K", KEY, "-iv", iv.hex()], input=payload,
                          capture_output=True, timeout=10)
    assert done.returncode == 0, done.stderr
    return done.stdout


def encrypted(plain):
    """A stored telegram that holds this payload (whole blocks) in mode 5."""
    head = bcd("12345678") + bytes.fromhex("2D2C1B042A00") + bytes([len(plain) // 16 << 4, 0x05])
    iv = head[4:6] + head[0:4] + head[6:8] + bytes([head[8]]) * 8
    done = subprocess.run(["openssl", "enc", "-aes-128-cbc", "-nopad", "-K", KEY, "-iv", iv.hex()], input=plain,
                          capture_output=True, timeout=10)
    assert done.returncode == 0, done.stderr
    return long(bytes([0x08, 5, 0x72]) + head + done.stdout)


PLAIN = bytes.fromhex("2F2F0C13785634120B3B001200046D1E0E4B26").ljust(32, b"\x2f")


def test_a_key_makes_a_plain_telegram_go_out_encrypted(tmp_path):
    with bus(tmp_path, (f"# key: {KEY}", meter(records=PLAIN[2:19].hex()))) as line:
        for c, access_no in ((READ, 0x2A), (READ_AGAIN, 0x2B)):
            got = line.ask(short(c, 5))
            assert got[15] == access_no and got[17:19] == bytes.fromhex("2005")
            assert decrypted(got) == PLAIN


def test_a_key_lets_an_encrypted_telegram_count_on(tmp_path):
    with bus(tmp_path, (f"# key: {KEY}", encrypted(PLAIN))) as line:
        assert line.ask(short(READ, 5)) == encrypted(PLAIN)
        got = line.ask(short(READ_AGAIN, 5))
        assert got[15] == 0x2B and got != encrypted(PLAIN)
        assert decrypted(got) == PLAIN


def test_without_a_key_an_encrypted_telegram_stays_as_it_is(tmp_path):
    with bus(tmp_path, encrypted(PLAIN)) as line:
        assert [line.ask(short(c, 5)) for c in (READ, READ_AGAIN)] == [encrypted(PLAIN)] * 2


# --- the program ---

def test_the_next_host_waits_until_the_first_has_gone(tmp_path):
    with bus(tmp_path, meter()) as line:
        assert line.ask(short(RESET, 5)) == ACK
        with Line(line.segment) as second:
            assert second.is_silent(short(RESET, 5))
            assert line.ask(short(RESET, 5)) == ACK
            line.close()
            assert second.frame() == ACK
            line.close = lambda: None


def test_a_terminal_survives_its_hosts(tmp_path):
    with bus(tmp_path, meter(), pty=True) as line:
        for _ in range(3):
            assert line.ask(short(RESET, 5)) == ACK
            line.close()
            time.sleep(0.05)
            line.__init__(line.segment)
        assert line.ask(short(READ, 5)) == meter()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_leaves_nothing_behind(tmp_path, sig):
    stats = tmp_path / "stats.json"
    with bus(tmp_path, meter(), args=("--baud", "0", "--stats", stats), pty=True) as line:
        assert line.ask(short(RESET, 5)) == ACK
        assert line.segment.program.stop(sig) == 0
        assert not os.path.lexists(line.segment.link)
    told = json.loads(stats.read_text())
    assert (told["requests"], told["answers"], told["bytes_in"], told["bytes_out"]) == (1, 1, 5, 1)
    assert not list(tmp_path.glob("stats.json.*"))


def test_statistics_are_written_every_second(tmp_path):
    stats = tmp_path / "stats.json"
    with bus(tmp_path, meter(), meter("87654321"), args=("--baud", "0", "--stats", stats)) as line:
        assert line.ask(selection("12345678")) == ACK
        line.ask(short(READ, SELECTED))
        line.send(short(RESET, 5))                              # both have this primary address
        line.receive()
        line.send(b"\x10\x40\x05\x00\x16")                      # a wrong checksum
        told = until(lambda: (t := json.loads(stats.read_text()))["bytes_in"] >= 32 and t, "fresh statistics", 3)
        assert told["busy_s"] == 0 and 0 < told["elapsed_s"] < 5
        names = ("requests", "selections", "answers", "readouts", "collisions")
        assert [told[name] for name in names] == [3, 1, 4, 1, 1]
        assert told["bytes_in"] == 17 + 5 + 5 + 5 and told["bytes_out"] == 1 + len(meter()) + 1
        before = told["elapsed_s"]
        until(lambda: json.loads(stats.read_text())["elapsed_s"] > before, "the next statistics", 2)


@pytest.mark.parametrize("args,words", [
    ([], "no meters"),
    (["--meters", "3"], "--pty"),
    (["--pty", "x", "--tcp", "127.0.0.1:0", "--meters", "3"], "one of"),
    (["--tcp", "127.0.0.1:0", "--meters", "many"], "many"),
    (["--tcp", "127.0.0.1:0", "--meters", "5001"], "5001"),
    (["--tcp", "127.0.0.1:0", "--meters", "3", "--baud", "1234"], "1234"),
    (["--tcp", "127.0.0.1:0", "--meters", "3", "--fault", "rain=1"], "rain"),
    (["--tcp", "127.0.0.1:0", "--meters", "3", "--fault", "drop=1.5"], "1.5"),
    (["--tcp", "127.0.0.1:0", "--meters", "3", "--fault", "drop"], "drop"),
    (["--tcp", "127.0.0.1:0", "--meters", "3", "surplus"], "surplus"),
    (["--tcp", "127.0.0.1:0", "--meters", "3", "--rate", "3"], "--rate"),
    (["--tcp", "127.0.0.1:0", "--telegrams", "/nowhere/at/all"], "/nowhere/at/all"),
])
def test_a_usage_error_says_what_is_wrong_and_exits_2(args, words):
    done = mbus_sim(*args)
    assert done.returncode == 2 and words in done.stderr and not done.stdout


@pytest.mark.parametrize("lines,place", [
    ([meter(), "68zz"], ":2:"),
    ([meter(), meter()[:-1]], ":2:"),
    ([meter()[:-2] + b"\x00\x16"], ":1: byte"),
    ([long("53FD5278563412FFFFFFFF")], ":1: byte 4: a request of a master"),
    ([meter(), "# primary: 251"], ":2:"),
    ([meter(), "# enhanced: 1234567"], ":2:"),
    ([meter(), "# key: 00"], ":2:"),
    (["# only a comment"], "no telegram"),
    ([meter().hex() * 9], ":1:"),
])
def test_a_bad_telegram_file_is_named_with_its_line(tmp_path, lines, place):
    path = telegram_file(tmp_path, "bad.hex", *lines)
    done = mbus_sim("--tcp", "127.0.0.1:0", "--telegrams", path)
    assert done.returncode == 2 and f"{path}" in done.stderr and place in done.stderr, done.stderr


def test_of_a_folder_what_is_no_meter_is_left_out_and_told(tmp_path):
    telegram_file(tmp_path, "b.hex", "zz")
    telegram_file(tmp_path, "a.hex", meter())
    telegram_file(tmp_path, "c.txt", meter("87654321"))
    with Segment("--telegrams", tmp_path, "--baud", "0") as segment, Line(segment) as line:
        assert line.ask(short(READ, 5)) == meter()
        assert "b.hex:1" in segment.program.text() and "1 meters" in segment.program.text()


def test_a_file_of_somebody_is_not_replaced_by_the_link(tmp_path):
    precious = tmp_path / "mbus0"
    precious.write_text("mine")
    done = mbus_sim("--pty", precious, "--meters", 1)
    assert done.returncode == 1 and str(precious) in done.stderr and precious.read_text() == "mine"


def test_help_and_version():
    for option, words in (("--help", "Examples:"), ("--version", "mbus-sim 0.")):
        done = mbus_sim(option)
        assert done.returncode == 0 and words in done.stdout and not done.stderr


def test_it_serves_the_real_meters_of_the_corpus():
    folder = SHARED / "corpus" / "rscada-libmbus"
    if not folder.is_dir():
        pytest.skip(f"the shared corpus is not at {folder}")
    path = folder / "itron_bm_+m.hex"
    stored = bytes.fromhex(path.read_text())
    with Segment("--telegrams", path, "--baud", "0") as segment, Line(segment) as line:
        assert line.ask(selection("11490378")) == ACK
        assert line.ask(short(READ, SELECTED))[4:] == stored[4:]
