#!/usr/bin/env python3
"""make bench: runs the measuring programs, prints a line a figure, writes build/bench.json.

BENCH=name,name    only these figures
BENCH_SEED=n       another seed of generated data
Measuring programs are build/bench/bench_* (C) and tests/bench/bench_*.py; each prints one JSON object a line with name, value,
unit, better, goal and peer, and takes the wanted names in $BENCH. Exit status 0, whether goals are met or not.
"""
import json, os, pathlib, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
# figure -> the program that measures it
PROGRAMS = {
    "decode_values": "bench_decode", "decode_json": "bench_decode",
    "store_bytes_per_value": "bench_store", "store_ingest": "bench_store", "store_worst_round_ms": "bench_store",
    "store_range_30d_ms": "bench_store", "store_report_24h_ms": "bench_store",
    "rss_512_meters_mib": "bench_gateway.py", "start_512_meters_ms": "bench_gateway.py", "loop_longest_callback_ms": "bench_gateway.py",
    "bus_wire_share_selected": "bench_bus.py", "search_50_s": "bench_search.py",
}


def run(program, names):
    path = ROOT / "tests/bench" / program if program.endswith(".py") else BUILD / "bench" / program
    env = dict(os.environ, BENCH=",".join(names), BUILD=str(BUILD))
    found, why = {}, "the program gave no figure"
    try:
        argv = [sys.executable, str(path)] if program.endswith(".py") else [str(path)]
        r = subprocess.run(argv, capture_output=True, text=True, timeout=600, env=env, cwd=ROOT)
        for line in r.stdout.splitlines():
            if line.startswith("{"):
                d = json.loads(line)
                found[d["name"]] = d
        if r.returncode:
            why = f"{program} ended with {r.returncode}: {r.stderr.strip()[-300:]}"
    except (OSError, subprocess.TimeoutExpired, ValueError) as e:
        why = f"{program}: {e}"
    for n in names:
        found.setdefault(n, {"name": n, "value": None, "unit": "", "better": "higher", "goal": None, "why": why})
    return [found[n] for n in found if n in names or n not in PROGRAMS]


def show(d):
    if d["value"] is None:
        return f"{d['name']:28} not measured: {d.get('why', '')}"
    met = "" if d.get("goal") is None else ("met" if (d["value"] >= d["goal"]) == (d["better"] == "higher") or d["value"] == d["goal"] else "MISSED")
    peer = d.get("peer") or {}
    text = f"{d['name']:28} {d['value']:>14,.6g} {d.get('unit', ''):8} goal {'≥' if d['better'] == 'higher' else '≤'} {d.get('goal')} {met}"
    return text + (f"   {peer['name']}: {peer['value']:,}" if peer else "")


def main():
    wanted = [n for n in os.environ.get("BENCH", "").split(",") if n] or list(PROGRAMS)
    unknown = [n for n in wanted if n not in PROGRAMS]
    if unknown:
        print("bench: no such figure:", ", ".join(unknown), file=sys.stderr)
    results = [{"name": n, "value": None, "unit": "", "better": "higher", "goal": None, "why": "no such figure"} for n in unknown]
    for program in dict.fromkeys(PROGRAMS[n] for n in wanted if n in PROGRAMS):
        for d in run(program, [n for n in wanted if PROGRAMS.get(n) == program]):
            results.append(d)
            print(show(d), flush=True)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(results, indent=1) + "\n")


main()
