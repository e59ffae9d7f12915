"""Starts metergated and mbus-sim for the end-to-end tests, and talks to them as a client does.

    with Segment("--meters", "3") as sim, Gateway(bus=sim) as gw:
        gw.install([("hall", a) for a in sim.addresses()])
        gw.read_all()
        gw.get("/meters")

Settings are keys of the settings file. All ports are free ones of 127.0.0.1; each gateway has a folder of its own, which goes
with it. ASAN builds work alike: a leak or a finding makes the program's exit code, and with it the test, fail.
"""
import base64
import contextlib
import csv
import http.client
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
SHARED = pathlib.Path(os.environ.get("METERGATE_SHARED", ROOT.parent / "shared"))
IS_SANITIZED = BUILD.name == "asan"      # memory figures mean nothing there
PASSWORD = "Quiet-River-7"
HEADING = "Position,SecondaryAddress,BaudRate,AddressingMode,PrimaryAddress,EnhancedAddress"


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(probe, what="it", seconds=15.0, every=0.03):
    """Waits for probe() to return something true, and returns that."""
    end = time.monotonic() + seconds
    while not (got := probe()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(every)
    return got


class Exact(str):
    """A number of a JSON text, kept as it was written, so that decimals can be compared."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def exact(self):
        return json.loads(self.body, parse_int=Exact, parse_float=Exact)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Program:
    """A program in the background, its output in a file."""

    def __init__(self, argv, log, **more):
        self.argv, self.log = [str(a) for a in argv], pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **more)

    def alive(self):
        return self.process.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def stop(self, sig=signal.SIGTERM, seconds=10):
        """Ends it and returns the exit code."""
        if self.alive():
            self.process.send_signal(sig)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.argv[0]} did not stop within {seconds} s\n{self.text()[-2000:]}")


class Segment:
    """A simulated M-Bus segment: mbus-sim on a TCP port, or on a pseudo terminal with pty=True."""

    def __init__(self, *args, pty=False):
        self.args, self.pty, self.program = [str(a) for a in args], pty, None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="segment-"))
        self.link, self.tcp = self.folder / "mbus0", free_port()
        self.port = f"serial:{self.link}" if pty else f"tcp:127.0.0.1:{self.tcp}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        try:
            if self.program:
                self.program.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def argv(self):
        where = ["--pty", self.link] if self.pty else ["--tcp", f"127.0.0.1:{self.tcp}"]
        return [BUILD / "mbus-sim", *where, *self.args]

    def addresses(self):
        """Secondary addresses of its meters, in order."""
        done = subprocess.run([*self.argv(), "--list"], capture_output=True, text=True, check=True)
        return [row["secondary_address"] for row in csv.DictReader(io.StringIO(done.stdout))]

    def start(self):
        self.program = Program(self.argv(), self.folder / "log")
        until(self.is_up, "the simulator")
        assert self.program.alive(), self.program.text()

    def addresses(self):
        """The secondary addresses of its meters."""
        listed = subprocess.run([BUILD / "mbus-sim", "--tcp", "127.0.0.1:0", *self.args, "--list"], check=True, text=True,
                                capture_output=True, timeout=10).stdout
        return [line.split(",")[0] for line in listed.splitlines()[1:]]

    def is_up(self):
        if self.pty:
            return self.link.exists() or not self.program.alive()
        with contextlib.closing(socket.socket()) as s:
            return s.connect_ex(("127.0.0.1", self.tcp)) == 0 or not self.program.alive()


class Gateway:
    """A metergated. `bus` is a Segment that becomes bus 1. Without a password the factory one stays."""

    def __init__(self, settings=None, bus=None, password=PASSWORD, folder=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="gateway-"))
        self.is_own_folder = folder is None
        self.data, self.conf = self.folder / "data", self.folder / "metergate.conf"
        self.web, self.password, self.program = free_port(), password, None
        self.settings = {"web.port": self.web, "readout.enabled": "false"}
        if bus:
            self.settings |= {"bus1.enabled": "true", "bus1.port": bus.port}
        self.settings |= settings or {}

    def __enter__(self):
        try:
            if self.password:
                self.set_password("admin", self.password)
            self.start()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, failed, *error):
        try:
            if self.program and self.program.process.returncode is None:
                code = self.program.stop()
                assert failed or code == 0, f"metergated ended with {code}\n{self.log()[-3000:]}"
        finally:
            if failed:
                print("--- log of metergated ---\n" + self.log()[-6000:])
            if self.is_own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def set_password(self, user, password):
        done = subprocess.run([BUILD / "metergated", "-d", self.data, "--passwd", user], input=password + "\n", text=True,
                              capture_output=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done

    def start(self, *args):
        lines = (f"{key} = {json.dumps(str(value), ensure_ascii=False)}\n" for key, value in self.settings.items())
        self.conf.write_text("".join(lines))
        self.program = Program([BUILD / "metergated", "-c", self.conf, "-d", self.data, *args], self.folder / "log")
        until(self.is_up, "metergated to serve")

    def is_up(self):
        assert self.program.alive(), "metergated ended at its start\n" + self.log()[-3000:]
        try:
            return self.call("GET", "/healthz", user=None).status == 200
        except OSError:
            return False

    def restart(self, sig=signal.SIGTERM):
        code = self.program.stop(sig)
        self.start()
        return code

    def log(self):
        return self.program.text() if self.program else ""

    # --- HTTP ---

    def call(self, method, path, body=None, *, user="admin", password=None, headers=None, kind=None):
        """One request to any path; a dict or list goes out as JSON, text as CSV."""
        head = dict(headers or {})
        if user:
            words = f"{user}:{self.password if password is None else password}"
            head["Authorization"] = "Basic " + base64.b64encode(words.encode()).decode()
        if isinstance(body, (dict, list)):
            body, kind = json.dumps(body), kind or "application/json"
        if isinstance(body, str):
            body, kind = body.encode(), kind or "text/csv"
        if kind:
            head["Content-Type"] = kind
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.web, timeout=20)) as c:
            c.request(method, path, body, head)
            r = c.getresponse()
            return Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())

    def api(self, method, path, body=None, expect=None, **more):
        """A call under /api/v1 whose status must be `expect` (any 2xx without one)."""
        a = self.call(method, "/api/v1" + path, body, **more)
        assert a.status == expect if expect else 200 <= a.status < 300, f"{method} {path} answered {a}"
        return a

    def get(self, path, **more):
        return self.api("GET", path, **more).json

    def post(self, path, body=None, expect=None, **more):
        return self.api("POST", path, body if body is not None else {}, expect, **more).json

    def pages(self, path, member, limit=1000):
        """All elements of a list, page by page."""
        out, cursor, mark = [], "", "&" if "?" in path else "?"
        while True:
            page = self.get(f"{path}{mark}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            out += page[member]
            if not (cursor := page.get("next")):
                return out

    def raw(self, data, pieces=(), pause=0.02, seconds=3.0):
        """Sends bytes as they are, cut in pieces if given; returns all that comes until the end or a silence."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.web), 3) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError):
                for piece in pieces or [data]:
                    s.sendall(piece)
                    time.sleep(pause if pieces else 0)
            s.settimeout(seconds)
            with contextlib.suppress(OSError):
                while more := s.recv(65536):
                    got += more
        return got

    # --- what tests do all the time ---

    def install(self, rows, expect=201):
        """Rows of the meter list; missing cells at the end: 2400 baud, secondary."""
        def line(row):
            cells = [str(c) for c in row]
            cells += ["", "", "2400", "Secondary", "", ""][len(cells):]
            return ",".join('"' + c.replace('"', '""') + '"' for c in cells)
        return self.api("POST", "/meters", "\n".join([HEADING, *map(line, rows), ""]), expect).json

    def job(self, path, body=None, seconds=60, method="POST"):
        """Starts a job, waits for its end and returns it."""
        number = self.api(method, path, body if body is not None else {}, 202).json["job"]
        return until(lambda: self.ended(number), f"job {number} of {path}", seconds, 0.05)

    def ended(self, number):
        job = self.get(f"/jobs/{number}")
        return job if job["state"] in ("done", "failed") else None

    def read_all(self, seconds=60):
        return self.job("/readouts", {"meters": "all"}, seconds)

    def meter(self, address):
        """The installed meter with this secondary address."""
        return next(m for m in self.pages("/meters", "meters") if m["secondary_address"] == address)

    # --- the process ---

    def pid(self):
        return self.program.process.pid

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid()}/fd"))

    def status(self, name):
        """A number of /proc/PID/status, such as Threads or RssAnon."""
        for line in open(f"/proc/{self.pid()}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise AssertionError(name)
