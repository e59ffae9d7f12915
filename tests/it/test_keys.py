"""Encryption keys: what they open, who may touch them, that nobody gets to see them."""
import json
import os
import shutil
import stat
import subprocess

import pytest
from gateway import Gateway, Segment, until

KEY, IDENT = "0102030405060708090A0B0C0D0E0F11", 61007338
HEADING = "address,key,manufacturer,deviceType,version\n"


def encrypted():
    """A water meter's telegram in security mode 5, closed by the openssl command."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl command")
    maker, version, medium, access = 0x2C2D, 0x1B, 0x16, 0x2A
    who = maker.to_bytes(2, "little") + bytes.fromhex(f"{IDENT:08d}")[::-1] + bytes([version, medium])
    clear = bytes.fromhex("2F2F0C13785634120B3B001200046D1E0E4B26")
    clear += b"\x2f" * (-len(clear) % 16)
    closed = subprocess.run(["openssl", "enc", "-aes-128-cbc", "-nopad", "-K", KEY, "-iv", (who + bytes([access]) * 8).hex()],
                            input=clear, capture_output=True, check=True).stdout
    head = bytes([0x08, 0, 0x72]) + who[2:6] + who[:2] + who[6:] + bytes([access, 0, len(clear) // 16 << 4, 5])
    body = head + closed
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 255, 0x16])


@pytest.fixture
def closed(tmp_path):
    """A gateway that has read an encrypted meter once, without its key."""
    meters = tmp_path / "meters"
    meters.mkdir()
    (meters / "w.hex").write_text(encrypted().hex() + "\n")
    with Segment("--telegrams", meters, "--baud", "0") as sim, Gateway({"readout.enabled": "false"}, bus=sim) as gw:
        gw.install([("w", IDENT)])
        gw.read_all()
        assert status(gw) == "no_key"
        yield gw


def status(gw):
    return gw.meter(str(IDENT))["last_readout"]["status"]


def volumes(gw):
    values = gw.get(f"/meters/{gw.meter(str(IDENT))['id']}/latest")["values"]
    return [float(v["value"]) for v in values if v["quantity"] == "volume"]


def add(gw, row, expect=201):
    return gw.api("POST", "/keys", HEADING + row + "\n", expect).json


def test_a_new_key_opens_what_was_read_before_with_its_own_time(closed):
    gw = closed
    m = gw.meter(str(IDENT))
    read = m["last_readout"]["time"]
    add(gw, f"-1,{'F' * 32},*,-1,-1")
    assert status(gw) == "no_key" and volumes(gw) == []
    assert add(gw, f"{IDENT},{KEY},KAM,-1,-1")["added"] == 1
    assert volumes(gw) == [12345.678]
    until(lambda: status(gw) == "ok", "the stored readout to be opened")
    assert gw.meter(str(IDENT))["last_readout"]["time"] == read
    readings = gw.get(f"/meters/{m['id']}/readings")["readings"]
    assert [r["status"] for r in readings] == ["no_key", "ok"] and readings[0]["time"] == read
    gw.read_all()
    assert status(gw) == "ok"
    assert add(gw, f"{IDENT},{KEY},KAM,-1,-1")["added"] == 0


def test_a_linked_key_counts_for_its_meter_only_and_goes_with_it(closed):
    gw = closed
    gw.install([("other", "11111111")])
    m, other = gw.meter(str(IDENT))["id"], gw.meter("11111111")["id"]
    gw.api("PUT", f"/meters/{other}/key", {"key": KEY}, 200)
    gw.read_all()
    assert status(gw) == "no_key"
    gw.api("DELETE", f"/meters/{other}/key", None, 204)
    gw.api("DELETE", f"/meters/{other}/key", None, 404)
    gw.api("PUT", f"/meters/{m}/key", {"key": "F" * 32}, 200)
    shown = gw.api("PUT", f"/meters/{m}/key", {"key": KEY.lower()}, 200).json
    assert shown["meter"] == m and "key" not in shown
    gw.read_all()
    assert status(gw) == "ok" and volumes(gw) == [12345.678]
    for bad in ({"key": "00"}, {}, {"key": KEY, "x": 1}, {"key": 5}):
        gw.api("PUT", f"/meters/{m}/key", bad, 422)
    gw.api("PUT", "/meters/99/key", {"key": KEY}, 404)
    assert [k["meter"] for k in gw.get("/keys")["keys"]] == [m]
    gw.api("DELETE", f"/meters/{m}", None, 204)
    assert gw.get("/keys")["keys"] == []


def test_keys_survive_restarts_and_nobody_sees_them(closed):
    gw = closed
    added = gw.api("POST", "/keys", {"address": str(IDENT), "key": KEY, "version": 27, "deviceType": None}, 201).json
    assert added["added"] == 1
    gw.restart()
    assert volumes(gw) == [12345.678]
    key, = gw.get("/keys")["keys"]
    assert key == added["keys"][0]
    assert (key["address"], key["manufacturer"], key["deviceType"], key["version"]) == (str(IDENT), None, None, 27)
    folder = gw.data
    assert stat.S_IMODE(os.stat(folder / "device.key").st_mode) == 0o600
    secret = bytes.fromhex(KEY)
    for name in os.listdir(folder):
        data = (folder / name).read_bytes()
        assert secret not in data and KEY.lower().encode() not in data.lower(), name
    told = gw.log() + json.dumps([gw.get(p) for p in ("/keys", "/log?limit=1000", "/audit?limit=1000", "/settings", "/system", "/jobs")])
    assert KEY.lower() not in told.lower()
    assert any("added 1 encryption key" in e["text"] for e in gw.get("/audit")["entries"])
    gw.api("DELETE", f"/keys/{key['id']}", None, 204)
    gw.api("DELETE", f"/keys/{key['id']}", None, 404)
    gw.restart()
    assert gw.get("/keys")["keys"] == []
    gw.read_all()
    assert status(gw) == "no_key"


def test_without_its_device_key_a_database_tells_nothing_and_loses_nothing(closed):
    gw = closed
    add(gw, f"{IDENT},{KEY},*,-1,-1")
    gw.program.stop()
    device_key = gw.data / "device.key"
    aside = device_key.rename(gw.data / "aside")
    gw.start()
    assert gw.get("/keys")["keys"] == []
    entries = gw.get("/log?severity=error")["entries"]
    assert any("1 of 1 encryption keys cannot be opened" in e["text"] for e in entries)
    add(gw, f"-1,{'F' * 32},*,-1,-1")
    gw.program.stop()
    device_key.write_bytes(b"short")
    gw.start()
    assert "holds 5 bytes instead of 32" in gw.log()
    add(gw, f"-1,{'E' * 32},*,-1,-1", 500)
    gw.program.stop()
    aside.rename(device_key)
    gw.start()
    assert [k["address"] for k in gw.get("/keys")["keys"]] == [str(IDENT)]
    assert volumes(gw) == [12345.678]


@pytest.mark.parametrize("row, column, field", [
    ("12345678,00112233,*,-1,-1", 2, "key"), (f"abc,{KEY},*,-1,-1", 1, "address"), (f"-1,{KEY},TOOLONG,-1,-1", 3, "manufacturer"),
    (f"-1,{KEY},*,256,-1", 4, "deviceType"), (f"-1,{KEY},*,-1,x", 5, "version")])
def test_bad_rows_are_named_and_nothing_is_added(gw, row, column, field):
    a = gw.api("POST", "/keys", f"{HEADING}-1,{KEY},*,-1,-1\n{row}\n", 422)
    detail, = a.json["details"]
    assert (detail["line"], detail["column"], detail["field"]) == (3, column, field) and KEY.encode() not in a.body
    assert gw.get("/keys")["keys"] == []


def test_keys_come_as_json_too(gw):
    two = {"keys": [{"key": KEY}, {"key": "F" * 32, "manufacturer": "kam", "deviceType": "7", "version": -1, "address": -1}]}
    assert gw.post("/keys", two, 201)["added"] == 2
    assert {(k["manufacturer"], k["deviceType"]) for k in gw.get("/keys")["keys"]} == {(None, None), ("KAM", 7)}
    for bad, field in (({}, "key"), ({"key": KEY, "adress": 1}, "adress"), ({"keys": {}}, "keys"), ({"key": [KEY]}, "key"),
                       ({"keys": [{"key": "E" * 32}, {"key": KEY, "version": 256}]}, "keys[1].version"), ({"keys": [5]}, "keys[0].key")):
        assert gw.api("POST", "/keys", bad, 422).json["details"][0]["field"] == field
    gw.api("POST", "/keys", [], 422)
    assert len(gw.get("/keys")["keys"]) == 2
    assert gw.get("/keys?limit=1")["next"] == 1 and [k["id"] for k in gw.pages("/keys", "keys", 1)] == [1, 2]


def test_the_example_can_be_loaded(gw):
    text = gw.api("GET", "/keys/template").body.decode()
    assert text.startswith(HEADING.strip())
    assert gw.api("POST", "/keys", text, 201).json["added"] == text.strip().count("\n")


def test_only_administrators_touch_keys(gw):
    gw.api("POST", "/users", {"name": "op", "role": "operator", "password": "Wire-and-meter-1"}, 201)
    op = {"user": "op", "password": "Wire-and-meter-1"}
    gw.install([("w", IDENT)])
    m = gw.meter(str(IDENT))["id"]
    for method, path in (("GET", "/keys"), ("GET", "/keys/template"), ("POST", "/keys"), ("DELETE", "/keys/1"),
                         ("PUT", f"/meters/{m}/key"), ("DELETE", f"/meters/{m}/key")):
        gw.api(method, path, {"key": KEY} if method in ("POST", "PUT") else None, 403, **op)
