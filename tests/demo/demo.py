#!/usr/bin/python3
"""Metergate at work, on this machine alone: twelve simulated meters on a pseudo terminal at 2400 baud, the gateway with three
months of history that reads them every minute, and a small HTTP server that prints the reports as they arrive.

    tests/demo/demo.py [--port N] [--seconds N]        or: make demo

Ctrl-C ends everything and leaves nothing behind.
"""
import argparse
import base64
import contextlib
import csv
import ctypes
import http.server
import io
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
REAL = ROOT / "tests" / "data" / "wired"
N_METERS, N_REAL = 12, 6
HEADING = "Position,SecondaryAddress,BaudRate,AddressingMode,PrimaryAddress,EnhancedAddress\n"


class Stopped(Exception):
    """Something ended that must not end; the text says what."""


def say(text):
    print(time.strftime("%H:%M:%S"), text, flush=True)


# --- the meters ---

def decoded(paths):
    """What mbus-decode says of each file's one telegram."""
    text = "".join(p.read_text().strip() + "\n" for p in paths)
    done = subprocess.run([BUILD / "mbus-decode"], input=text, capture_output=True, text=True, timeout=30)
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_presentable(telegram):
    quantities = {r.get("quantity") for r in telegram.get("records", [])}
    head = telegram.get("header") or {}
    return (telegram["ok"] and len(quantities) >= 5 and quantities & {"energy", "volume"} and not telegram.get("error")
            and head.get("id", "").isdigit() and head.get("id") not in ("12345678", "00000000"))


def real_telegrams():
    """Up to six files of real telegrams, each of another maker."""
    paths = [p for p in sorted(REAL.glob("*.hex")) if len(p.read_text().split("\n")) <= 2]
    chosen, makers = [], set()
    for path, telegram in zip(paths, decoded(paths) if paths else []):
        if len(chosen) < N_REAL and is_presentable(telegram) and telegram["header"]["manufacturer"] not in makers:
            makers.add(telegram["header"]["manufacturer"])
            chosen.append(path)
    return chosen


def segment_options():
    files = real_telegrams()
    return [a for f in files for a in ("--telegrams", f)] + ["--meters", str(N_METERS - len(files)), "--seed", "42"]


def listed(options):
    done = subprocess.run([BUILD / "mbus-sim", "--list", *options], capture_output=True, text=True, check=True, timeout=30)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def meter_list(meters):
    """The list a user would upload: most by secondary address, some by primary, some by fabrication number."""
    kinds = {"2": "electricity", "3": "gas", "4": "heat", "6": "warm water", "7": "water", "12": "heat", "13": "heat"}
    primaries = [m["primary_address"] for m in meters]
    rows = []
    for i, m in enumerate(meters):
        mode, primary, enhanced = "Secondary", "", ""
        if i % 4 == 1 and primaries.count(m["primary_address"]) == 1 and m["primary_address"] not in ("", "0"):
            mode, primary = "Primary", m["primary_address"]
        elif i % 4 == 3 and m["enhanced_address"]:
            mode, enhanced = "ESecondary", m["enhanced_address"]
        place = f"House {i // 3 + 1} {kinds.get(m['medium'], 'meter')} {m['manufacturer']}"
        rows.append(f"{place},{m['secondary_address']},2400,{mode},{primary},{enhanced}\n")
    return HEADING + "".join(rows)


# --- the receiver of reports ---

class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        rows = self.body().decode("latin-1").splitlines()
        data = [r for r in rows if r and not r.startswith("#")]
        name = self.headers.get("filename", self.path)
        say(f"A report has arrived: {name} with {len(data)} rows" + (f", the first: {data[0][:100]} ..." if data else "."))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size + 2)[:-2])
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/reports"
    finally:
        server.shutdown()
        server.server_close()


# --- programs ---

def end_with_parent():
    """In the child: the kernel ends it when this program is gone, however that came."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Program:
    def __init__(self, log, *argv):
        self.name, self.log = pathlib.Path(argv[0]).name, log
        with open(log, "ab") as out:
            self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True, preexec_fn=end_with_parent)

    def check(self):
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise Stopped(f"{self.name} has ended with {self.process.returncode}. Its last words:\n{tail}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Gateway:
    def __init__(self, folder, port, bus, reports):
        self.folder, self.port, self.program = folder, port, None
        self.password = f"Quiet-Meter-{random.randrange(1000, 10000)}"
        settings = {
            "web.port": port, "bus1.enabled": "true", "bus1.port": f"serial:{bus}", "bus1.baud": 2400,
            "readout.cron": "* * * * *",
            "report1.enabled": "true", "report1.type": "http", "report1.template": 115, "report1.cron": "* * * * *",
            "report1.url": reports,
        }
        self.conf, self.data = folder / "metergate.conf", folder / "data"
        self.conf.write_text("".join(f'{key} = "{value}"\n' for key, value in settings.items()))

    def set_password(self):
        done = subprocess.run([BUILD / "metergated", "-d", self.data, "--passwd", "admin"], input=self.password + "\n",
                              capture_output=True, text=True, timeout=30)
        if done.returncode:
            raise Stopped("the password cannot be set: " + done.stderr.strip())

    def start(self):
        self.program = Program(self.folder / "metergated.log", BUILD / "metergated", "-c", self.conf, "-d", self.data)
        end = time.monotonic() + 20
        while True:
            self.program.check()
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            if time.monotonic() > end:
                raise Stopped("the gateway does not answer on its web port")
            time.sleep(0.05)

    def stop(self):
        if self.program:
            self.program.stop()

    def call(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", method=method)
        login = base64.b64encode(f"admin:{self.password}".encode()).decode()
        request.add_header("Authorization", "Basic " + login)
        if body is not None:
            request.data = (body if isinstance(body, str) else json.dumps(body)).encode()
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                text = answer.read()
        except urllib.error.HTTPError as e:
            raise Stopped(f"{method} {path} was answered with {e.code}: {e.read().decode(errors='replace')[:500]}") from e
        except OSError as e:
            self.program.check()
            raise Stopped(f"{method} {path} was not answered: {e}") from e
        return json.loads(text) if text else None

    def wait_for_job(self, job, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            told = self.call("GET", f"/jobs/{job}")
            if told["state"] in ("done", "failed"):
                return told
            time.sleep(0.2)
        raise Stopped(f"job {job} did not end within {seconds} s")


# --- the demonstration ---

def free_port(wanted):
    """The wanted port, or 8080 or the next one that is free."""
    for port in [wanted] if wanted else range(8080, 8180):
        with contextlib.closing(socket.socket()) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                s.bind(("127.0.0.1", port))
                return port
    raise Stopped(f"port {wanted or '8080 and the next 99'} is in use; give another one with --port")


def install_with_history(gateway, options):
    """As a user would; the history needs the data folder for itself for a moment."""
    gateway.set_password()
    gateway.start()
    done = gateway.call("POST", "/meters", meter_list(listed(options)), "text/csv")
    say(f"{done['installed']} meters are installed.")
    gateway.stop()
    told = subprocess.run([BUILD / "demo-history", gateway.data, *options], capture_output=True, text=True, timeout=120)
    if told.returncode:
        raise Stopped("no history: " + told.stderr.strip())
    say(f"Three months of history are in the store: {told.stdout.strip()}.")


def read_once(gateway):
    say("Reading all meters for the first time, at 2400 baud ...")
    job = gateway.wait_for_job(gateway.call("POST", "/readouts", {"meters": "all"})["job"])
    meters = gateway.call("GET", "/meters?limit=100")["meters"]
    n_good = sum((m["last_readout"] or {}).get("status") == "ok" for m in meters)
    say(f"{n_good} of {len(meters)} meters have answered." + (f" {job['errors']}" if job["errors"] else ""))
    gateway.call("POST", "/reports/1/send", {})


def follow(programs, seconds):
    end = time.monotonic() + seconds if seconds else None
    while end is None or time.monotonic() < end:
        for p in programs:
            p.check()
        time.sleep(0.2)


def run(args, stack):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="metergate-demo-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    port = free_port(args.port)
    options = segment_options()
    link = folder / "mbus0"

    say(f"Twelve simulated meters answer on a pseudo terminal at 2400 baud, {options.count('--telegrams')} with telegrams of real ones.")
    segment = Program(folder / "mbus-sim.log", BUILD / "mbus-sim", "--pty", link, "--baud", "2400", *options)
    stack.callback(segment.stop)
    while not link.exists():
        segment.check()
        time.sleep(0.02)

    gateway = Gateway(folder, port, link, stack.enter_context(receiver()))
    stack.callback(gateway.stop)
    install_with_history(gateway, options)
    gateway.start()
    say("The gateway reads the meters every minute and sends a report to a small server in this program.")
    read_once(gateway)
    say(f"Open http://127.0.0.1:{port}/ and log in as admin with the password {gateway.password}   (Ctrl-C ends the demonstration)")
    follow([segment, gateway.program], args.seconds)


def main():
    parser = argparse.ArgumentParser(description="Metergate at work on twelve simulated meters.")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="web port (default: 8080 or the next free one)")
    parser.add_argument("--seconds", type=float, default=0, metavar="N", help="end by itself after N seconds of following")
    args = parser.parse_args()
    for program in ("metergated", "mbus-sim", "mbus-decode", "demo-history"):
        if not (BUILD / program).exists():
            sys.exit(f"{BUILD / program} is missing: run make demo")
    for number in (signal.SIGINT, signal.SIGTERM):      # also when a shell has started this in the background
        signal.signal(number, signal.default_int_handler)
    code = 0
    with contextlib.ExitStack() as stack:
        try:
            run(args, stack)
        except KeyboardInterrupt:
            print()
        except Stopped as e:
            print(f"The demonstration has failed: {e}", file=sys.stderr)
            code = 1
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # a second Ctrl-C must not interrupt the tidying
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("All has ended, nothing is left behind.")
    return code


if __name__ == "__main__":
    sys.exit(main())
