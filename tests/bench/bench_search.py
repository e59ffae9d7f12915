#!/usr/bin/env python3
"""Measures a whole secondary search at 2400 baud: 50 meters with random numbers, behind a TCP converter.

All default settings. Every meter is found by wildcards and read again by its full address; a wrong or missing one is a failure.
"""
import json, os, pathlib, random, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "it"))
from gateway import Gateway, Segment  # noqa: E402

METERS, BAUD = 50, 2400


def telegram(ident):
    """A heat meter KAM, version 1Bh: energy, volume, two temperatures, date and time; 53 bytes."""
    digits = bytes.fromhex(f"{ident:08d}")[::-1]
    body = (bytes.fromhex("080072") + digits + bytes.fromhex("2D2C1B0401000000") + bytes.fromhex("0C78") + digits
            + bytes.fromhex("0406393000000414A0860100025AEE02025E9A01046D1E0E4B26"))
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 255, 0x16])


def measure():
    seed = int(os.environ.get("BENCH_SEED") or 1)
    idents = random.Random(seed).sample(range(10 ** 8), METERS)
    with tempfile.TemporaryDirectory(prefix="bench-search-") as folder:
        for n in idents:
            (pathlib.Path(folder) / f"{n:08d}.hex").write_text(telegram(n).hex() + "\n")
        with Segment("--telegrams", folder, "--baud", BAUD) as sim, Gateway(bus=sim) as gw:
            began = time.monotonic()
            job = gw.job("/searches", {"modes": ["secondary"]}, 400)
            took = time.monotonic() - began
            found = sorted(m["secondary_address"] for m in job["result"]["found"])
            if found != sorted(f"{n:08d}" for n in idents) or len(gw.pages("/meters", "meters")) != METERS:
                raise RuntimeError(f"found {len(found)} of {METERS}")
            return took


print(json.dumps({"name": "search_50_s", "value": round(measure(), 1), "unit": "s", "better": "lower", "goal": 65,
                  "peer": {"name": "libmbus", "value": 147}}))
