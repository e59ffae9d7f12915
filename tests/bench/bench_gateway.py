#!/usr/bin/env python3
"""Measures the running gateway with 512 meters and 90 days of history: memory, start, longest callback.

The history is written by build/demo-history; the meters are simulated, and read once over TCP without pacing.
"""
import base64, http.client, json, os, pathlib, shutil, socket, subprocess, sys, tempfile, time

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
WANTED = [n for n in os.environ.get("BENCH", "").split(",") if n]
GOALS = {"rss_512_meters_mib": ("MiB", 16), "start_512_meters_ms": ("ms", 150), "loop_longest_callback_ms": ("ms", 50)}
METERS, PASSWORD = 512, "Bench-Horse-42"


def say(name, value):
    unit, goal = GOALS[name]
    if not WANTED or name in WANTED:
        print(json.dumps({"name": name, "value": value, "unit": unit, "better": "lower", "goal": goal}), flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def call(port, method, path, body=None, kind="application/json"):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    head = {"Authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode(), "Content-Type": kind}
    c.request(method, path, body, head)
    r = c.getresponse()
    data = r.read()
    c.close()
    if r.status >= 300:
        raise RuntimeError(f"{method} {path}: {r.status} {data[:200]}")
    return json.loads(data) if data else None


def start(folder, web, sim_port):
    """Starts the gateway; returns it and the ms until it served."""
    began = time.monotonic()
    log = open(folder / "log", "ab")
    p = subprocess.Popen([BUILD / "metergated", "-d", folder / "data", "-s", f"web.port={web}", "-s", "bus1.enabled=true",
                          "-s", f"bus1.port=tcp:127.0.0.1:{sim_port}", "-s", "readout.enabled=false"], stdin=subprocess.DEVNULL, stderr=log)
    while True:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", web)) == 0:
                break
        if p.poll() is not None or time.monotonic() - began > 20:
            raise RuntimeError("the gateway did not serve: " + (folder / "log").read_text()[-300:])
        time.sleep(0.001)
    c = http.client.HTTPConnection("127.0.0.1", web, timeout=10)
    c.request("GET", "/healthz")
    c.getresponse().read()
    c.close()
    return p, (time.monotonic() - began) * 1000


def rss_anon_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024


def stop(p):
    p.terminate()
    p.wait(10)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="metergate-bench-"))
    running = []
    try:
        subprocess.run([BUILD / "metergated", "-d", folder / "data", "--passwd", "admin"], input=PASSWORD + "\n", text=True, check=True,
                       capture_output=True)
        web, sim_port = free_port(), free_port()
        simulator = [BUILD / "mbus-sim", "--tcp", f"127.0.0.1:{sim_port}", "--baud", "0", "--meters", str(METERS)]
        listing = subprocess.run([*simulator, "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
        rows = [line.split(",")[0] for line in listing[1:]]
        running.append(subprocess.Popen(simulator, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        p, _ = start(folder, web, sim_port)
        running.append(p)
        head = "Position;SecondaryAddress;BaudRate;AddressingMode;PrimaryAddress;EnhancedAddress\r\n"
        call(web, "POST", "/api/v1/meters", head + "".join(f"m{i};{a};2400;Secondary;;\r\n" for i, a in enumerate(rows)), "text/csv")
        stop(p)
        subprocess.run([BUILD / "demo-history", folder / "data", "--days", "90", "--meters", str(METERS)], check=True, capture_output=True)
        times = []
        for _ in range(5):
            p, ms = start(folder, web, sim_port)
            times.append(ms)
            stop(p)
        say("start_512_meters_ms", round(sorted(times)[2], 1))
        p, _ = start(folder, web, sim_port)
        running.append(p)
        job = call(web, "POST", "/api/v1/readouts", json.dumps({"meters": "all"}))["job"]
        while call(web, "GET", f"/api/v1/jobs/{job}")["state"] in ("waiting", "running"):
            time.sleep(0.2)
        for m in call(web, "GET", "/api/v1/meters?limit=5")["meters"]:
            call(web, "GET", f"/api/v1/meters/{m['id']}/latest")
        time.sleep(3)
        say("rss_512_meters_mib", round(rss_anon_mib(p.pid), 2))
        say("loop_longest_callback_ms", call(web, "GET", "/api/v1/system")["loop"]["longest_us"] / 1000)
        stop(p)
    finally:
        for p in running:
            if p.poll() is None:
                p.kill()
                p.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
