"""The REST calls on a gateway with three made-up meters."""
import csv
import http.client
import io
import json
import re
import signal
import time

import pytest

from gateway import HEADING, PASSWORD, Gateway, Segment, until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def shared():
    """One gateway for all tests that only look: three meters, read twice."""
    with Segment("--meters", "3", "--baud", "0") as sim, Gateway(bus=sim) as gw:
        gw.addresses = sim.addresses()
        gw.install([(f"hall {i}", a) for i, a in enumerate(gw.addresses)])
        assert gw.read_all()["state"] == "done"
        time.sleep(1.1)
        gw.read_all()
        yield gw


def test_the_system_says_what_it_is(shared):
    s = shared.get("/system")
    assert s["product"] == "Metergate" and re.fullmatch(r"\d{10}", s["serial"]) and TIME.fullmatch(s["time"])
    assert s["meters"] == {"active": 3, "passive": 0, "limit": s["meters"]["limit"]}
    assert s["store"]["values"] > 0 and s["store"]["bytes"] > 0 and s["uptime_s"] >= 1
    assert s["services"]["web"]["running"] is True


def test_buses_in_use_are_shown(shared):
    bus, = shared.get("/buses")["buses"]
    assert bus["bus"] == 1 and bus["state"] == "up" and TIME.fullmatch(bus["since"]) and bus["port"].startswith("tcp:")
    assert bus["readouts"] >= 6 and bus["errors"] == bus["queued"] == 0 and 0 <= bus["wire_busy"] <= 1


def test_meters_are_listed_in_pages(shared):
    page = shared.get("/meters?limit=2")
    assert [m["secondary_address"] for m in page["meters"]] == shared.addresses[:2] and page["next"]
    rest = shared.get(f"/meters?limit=2&cursor={page['next']}")
    assert [m["secondary_address"] for m in rest["meters"]] == shared.addresses[2:] and rest["next"] is None
    m = page["meters"][0]
    assert m["position"] == "hall 0" and m["state"] == "active" and m["bus"] == 1 and m["addressing"] == "secondary"
    assert m["last_readout"]["status"] == "ok" and TIME.fullmatch(m["last_readout"]["time"])
    assert re.fullmatch("[A-Z]{3}", m["manufacturer"]) and isinstance(m["medium"], int)
    assert shared.get(f"/meters/{m['id']}") == m


@pytest.mark.parametrize("path, status", [
    ("/meters?limit=0", 422), ("/meters?limit=1001", 422), ("/meters?limit=x", 422), ("/meters?cursor=x", 422),
    ("/meters?limit=1&limit=2", 422), ("/meters?limit=%", 422), ("/meters/999", 404), ("/meters/x", 404), ("/meters/0", 404),
    ("/meters/999/latest", 404), ("/meters/999/readings", 404), ("/meters/1/readings?from=yesterday", 422),
    ("/series/99999/values", 404), ("/series/1/values?step=x", 422), ("/series/1/values?aggregate=median", 422),
    ("/jobs/99999", 404), ("/jobs/x", 404), ("/log?severity=loud", 422), ("/nothing", 404), ("/meters/", 404)])
def test_what_is_not_there_is_said(shared, path, status):
    a = shared.api("GET", path, None, status)
    assert a.json["error"] and a.json["message"].endswith(".")


@pytest.mark.parametrize("path, text", [
    ("/meters/999", "There is no meter 999."), ("/meters/999/readings", "There is no meter 999."),
    ("/series/99999/values", "There is no series 99999."), ("/jobs/99999", "There is no job 99999."),
    ("/meters/x", "There is nothing of the number x."), ("/users/nobody", "There is no user nobody.")])
def test_what_is_missing_is_named(shared, path, text):
    a = shared.api("PATCH" if "users" in path else "GET", path, {} if "users" in path else None, 404)
    assert a.json["message"] == text


def test_a_setting_s_name_is_told_as_it_is_written(shared):
    a = shared.api("PATCH", "/settings", {"bus1.baud": 17}, 422)
    assert a.json["message"].startswith("bus1.baud = 17: one of 300,")


def test_a_day_of_a_series_begins_at_the_midnight_of_the_gateway(shared):
    m = shared.get("/meters")["meters"][0]["id"]
    series = next(s["id"] for s in shared.get(f"/meters/{m}/series")["series"] if s["quantity"] in ("energy", "volume"))
    for zone, begins in (("Asia/Kolkata", "T18:30:00Z"), ("UTC", "T00:00:00Z")):
        shared.api("PATCH", "/settings", {"time.zone": zone})
        days = shared.get(f"/series/{series}/values?step=1d&aggregate=last")["values"]
        assert days and all(t.endswith(begins) for t, _ in days)


def test_wrong_methods_are_named(shared):
    a = shared.api("POST", "/system", {}, 405)
    assert a.headers["allow"] == "OPTIONS, GET, HEAD"
    assert shared.api("OPTIONS", "/meters", None, 204).headers["allow"] == "OPTIONS, GET, HEAD, POST"
    head = shared.api("HEAD", "/system")
    assert head.body == b"" and int(head.headers["content-length"]) > 100


def test_latest_values_carry_their_series(shared):
    m = shared.get("/meters")["meters"][0]
    latest = shared.get(f"/meters/{m['id']}/latest")
    assert latest["source"] == "manual" and latest["age_s"] < 60 and latest["telegrams"] == 1
    assert latest["header"]["id"] == m["secondary_address"] and latest["header"]["manufacturer"] == m["manufacturer"]
    series = {s["id"]: s for s in shared.get(f"/meters/{m['id']}/series")["series"]}
    for i, v in enumerate(latest["values"]):
        assert v["index"] == i and v["telegram"] == 0 and {"quantity", "unit", "value", "function", "storage"} <= v.keys()
        if v["series"]:
            s = series[v["series"]]
            assert all(s[k] == v[k] for k in ("quantity", "unit", "function", "storage", "tariff", "subunit", "modifiers"))
    assert any(v["series"] for v in latest["values"])


def test_readings_come_oldest_first_and_in_pages(shared):
    m = shared.get("/meters")["meters"][0]["id"]
    both = shared.get(f"/meters/{m}/readings")
    assert len(both["readings"]) == 2 and both["next"] is None
    times = [r["time"] for r in both["readings"]]
    assert times == sorted(times) and all(r["status"] == "ok" for r in both["readings"])
    assert shared.pages(f"/meters/{m}/readings", "readings", 1) == both["readings"]
    late = shared.get(f"/meters/{m}/readings?from={times[1]}")["readings"]
    early = shared.get(f"/meters/{m}/readings?to={times[1]}")["readings"]
    assert [r["time"] for r in early + late] == times and len(early) == 1


def test_readings_as_csv_have_a_row_for_each_value(shared):
    m = shared.get("/meters")["meters"][0]["id"]
    n = sum(len(r["values"]) for r in shared.get(f"/meters/{m}/readings")["readings"])
    a = shared.api("GET", f"/meters/{m}/readings", headers={"Accept": "text/csv"})
    assert a.headers["content-type"].startswith("text/csv") and "attachment" in a.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(a.body.decode(), newline=""), delimiter=";"))
    assert len(rows) == n and {r["status"] for r in rows} == {"ok"}


def test_values_of_a_series_and_their_sums(shared):
    m = shared.get("/meters")["meters"][0]["id"]
    latest = shared.api("GET", f"/meters/{m}/latest").exact
    v = next(v for v in latest["values"] if v["quantity"] in ("energy", "volume") and v["series"])
    plain = shared.api("GET", f"/series/{v['series']}/values").exact["values"]
    assert len(plain) == 2 and plain[-1][1] == v["value"], "the meter's own decimals are kept"
    for aggregate, check in (("min", min), ("max", max), ("last", lambda n: n[-1]), ("mean", lambda n: sum(n) / len(n)),
                             ("delta", lambda n: n[-1] - n[0])):
        got = shared.get(f"/series/{v['series']}/values?aggregate={aggregate}")["values"]
        assert len(got) == 1 and got[0][1] == pytest.approx(check([float(x) for _, x in plain])), aggregate
    assert len(shared.get(f"/series/{v['series']}/values?limit=1")["values"]) == 1
    by_second = shared.get(f"/series/{v['series']}/values?aggregate=last&step=1s")["values"]
    assert [t for t, _ in by_second] == [t for t, _ in plain]


def test_the_log_is_newest_first_and_filtered(shared):
    entries = shared.get("/log?limit=1000")["entries"]
    assert [e["time"] for e in entries] == sorted((e["time"] for e in entries), reverse=True) and len(entries) >= 3
    assert all({"time", "severity", "origin", "text"} <= e.keys() for e in entries)
    assert shared.pages("/log", "entries", 2)[-3:] == shared.pages("/log", "entries", 1000)[-3:]
    assert all(e["severity"] == "info" for e in shared.get("/log?severity=info,event")["entries"])
    assert not any(e["severity"] == "info" for e in shared.get("/log?severity=warning")["entries"])
    a = shared.api("GET", "/log", headers={"Accept": "text/csv"})
    assert a.body.startswith(b"time;severity;origin;text\r\n")


def test_settings_are_shown_and_changed_together(metered):
    gw = metered
    rows = gw.get("/settings/schema")
    rows = rows if isinstance(rows, list) else next(iter(rows.values()))
    keys = {r["key"] for r in rows}
    assert {"web.port", "readout.cron", "busN.port"} <= keys and all(r["help"] for r in rows)
    values = gw.get("/settings")
    assert values["web.port"] == gw.web and values["bus1.enabled"] is True
    a = gw.api("PATCH", "/settings", {"readout.cron": "61 * * * *", "web.prot": 1, "readout.enabled": True}, 422)
    assert {d["field"] for d in a.json["details"]} == {"readout.cron", "web.prot"}
    assert gw.get("/settings") == values, "a refused change changes nothing"
    gw.api("PATCH", "/settings", {"readout.cron": "7 * * * *", "http.password": "Very-secret-1"})
    assert gw.get("/settings")["readout.cron"] == "7 * * * *" and "Very-secret-1" not in json.dumps(gw.get("/settings"))
    gw.api("PATCH", "/settings", {"readout.cron": None})
    assert gw.get("/settings")["readout.cron"] == "*/15 * * * *"
    for odd in ({"readout.cron": []}, {"web.port": 1.5}, {"web.port": "x"}):
        gw.api("PATCH", "/settings", odd, 422)
    gw.api("PATCH", "/settings", [], 422)


@pytest.mark.parametrize("body", ["{", "[]", "nul", '{"a":1,"a":2}', '{"meters":"all"', "\xff", '"all"'])
def test_broken_json_is_refused_with_its_place(shared, body):
    a = shared.call("POST", "/api/v1/readouts", body.encode("latin-1"), kind="application/json")
    assert a.status == 422 and a.json["error"] == "syntax"


@pytest.mark.parametrize("wish", [{}, {"meters": []}, {"meters": [999]}, {"meters": "some"}, {"meters": ["1x"]}, {"meters": [-1]}, {"meters": ["-1"]}, {"meters": [1.5]}, {"meters": "all", "x": 1}])
def test_readouts_name_their_meters(shared, wish):
    shared.api("POST", "/readouts", wish, 422)


def test_a_job_is_watched_to_its_end(shared):
    m = shared.get("/meters")["meters"][1]["id"]
    job = shared.job("/readouts", {"meters": [m]})
    assert job["state"] == "done" and job["progress"] == {"done": 1, "total": 1} and job["errors"] == []
    assert job["id"] in [j["id"] for j in shared.get("/jobs?limit=1000")["jobs"]]
    shared.api("DELETE", f"/jobs/{job['id']}", None, 409)
    job = shared.job("/readouts", {"meters": [str(m), m]})
    assert job["state"] == "done" and job["progress"]["done"] >= 1 and job["errors"] == []


def test_a_report_that_is_off_is_not_sent(shared):
    shared.api("POST", "/reports/7/send", {}, 409)
    shared.api("POST", "/reports/33/send", {}, 404)


def test_meter_lists_are_installed_whole_or_not_at_all(metered):
    gw = metered
    good = "x,12345678,2400,Secondary,,\n"
    for bad, field in (("y,12GH5678,2400,Secondary,,\n", "SecondaryAddress"), ("y,12345679,1234,Secondary,,\n", "BaudRate"),
                       ("y,12345679,2400,Tertiary,,\n", "AddressingMode"), ("y,12345679,2400,Primary,256,\n", "PrimaryAddress"), (good, None)):
        a = gw.api("POST", "/meters", HEADING + "\n" + good + bad, 422)
        assert any(d["line"] == 3 for d in a.json["details"]), bad
        assert field is None or a.json["details"][0]["field"] == field
    for body in ("", "no,such\n1,2\n", "\xff\xfe\x00"):
        gw.api("POST", "/meters", body.encode("latin-1"), 422, kind="text/csv")
    assert gw.get("/meters")["meters"] == []
    done = gw.install([("Café; \"å\"", "12345678"), ("b", "12345679")])
    assert done["installed"] == 2 and done["meters"][0]["position"] == "Café; \"å\""
    gw.install([("again", "12345678")], 422)


def test_a_meter_is_changed_and_removed(metered):
    gw = metered
    gw.install([("a", "12345678"), ("b", "12345679")])
    m = gw.meter("12345678")["id"]
    changed = gw.api("PATCH", f"/meters/{m}", {"position": "cellar", "addressing": "primary", "primary_address": 7, "baud": 300,
                                               "bus": 2, "state": "passive"}).json
    assert (changed["position"], changed["primary_address"], changed["baud"], changed["bus"], changed["state"]) == ("cellar", 7, 300, 2, "passive")
    assert gw.get("/system")["meters"]["passive"] == 1
    for wrong in ({"baud": 1}, {"bus": 17}, {"state": "gone"}, {"primary_address": 256}, {"enhanced_address": "xyz"}, {"id": 5},
                  {"position": "x" * 101}, {"primary_address": None}, {"addressing": "tertiary"}):
        a = gw.api("PATCH", f"/meters/{m}", wrong, 422)
        assert a.json["message"]
    assert gw.get(f"/meters/{m}") == changed
    gw.restart(signal.SIGKILL)
    assert gw.get(f"/meters/{m}") == changed, "a change survives kill -9"
    gw.api("DELETE", f"/meters/{m}", None, 204)
    gw.api("GET", f"/meters/{m}", None, 404)
    gw.api("DELETE", f"/meters/{m}?history=maybe", None, 404)
    gw.restart()
    assert [x["secondary_address"] for x in gw.get("/meters")["meters"]] == ["12345679"]


@pytest.mark.parametrize("gw", [{"meters.limit": "2"}], indirect=True)
def test_beyond_the_limit_the_newest_rest(gw):
    gw.install([("a", "12345671"), ("b", "12345672"), ("c", "12345673")])
    assert [m["state"] for m in gw.get("/meters")["meters"]] == ["active", "active", "passive"]
    last = gw.meter("12345673")["id"]
    gw.api("PATCH", f"/meters/{last}", {"state": "active"}, 409)
    gw.api("PATCH", f"/meters/{gw.meter('12345671')['id']}", {"state": "passive"})
    gw.api("PATCH", f"/meters/{last}", {"state": "active"})


def test_positions_that_look_like_formulas_are_harmless_in_csv(shared):
    gw = shared
    gw.call("POST", "/api/v1/session", {"user": "=1+1;\"x\"", "password": "y"}, user=None)
    text = gw.api("GET", "/log", headers={"Accept": "text/csv"}).body.decode()
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=";"):
        assert not any(cell[:1] in ("=", "@", "+") for cell in row)


def test_events_tell_what_happens_and_resume(shared):
    gw = shared
    token = gw.post("/tokens", {"name": "listener", "role": "viewer"}, 201)["token"]

    def listen(**more):
        c = http.client.HTTPConnection("127.0.0.1", gw.web, timeout=10)
        c.request("GET", "/api/v1/events", headers={"Authorization": "Bearer " + token} | more)
        r = c.getresponse()
        assert r.status == 200
        return c, r

    def collect(r, wanted):
        seen, event, last = {}, {}, None
        while not wanted <= seen.keys():
            line = r.readline().decode().rstrip("\n")
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
            elif "event" in event:
                seen.setdefault(event["event"], []).append(json.loads(event["data"]))
                last, event = event["id"], {}
        return seen, last
    c, r = listen()
    job = gw.read_all()
    seen, last = collect(r, {"reading", "job", "log"})
    assert seen["reading"][0]["status"] == "ok" and seen["reading"][0]["meter"]
    r.close(), c.close()
    gw.read_all()
    c, r = listen(**{"Last-Event-ID": last})
    seen, _ = collect(r, {"reading"})
    assert job["state"] == "done"
    gw.program.process.send_signal(signal.SIGHUP)
    collect(r, {"settings"})
    r.close(), c.close()
    until(lambda: gw.get("/system")["services"]["web"]["clients"] <= 1, "the listeners to be forgotten")


def test_the_web_application_is_served_compressed_and_cached(shared):
    gw = shared
    plain = gw.call("GET", "/", user=None)
    assert plain.status == 200 and b"<html" in plain.body.lower() and "content-encoding" not in plain.headers
    packed = gw.call("GET", "/", user=None, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and len(packed.body) < len(plain.body)
    assert gw.call("GET", "/", user=None, headers={"If-None-Match": plain.headers["etag"]}).status == 304
    route = gw.call("GET", "/meters/1", user=None, headers={"Accept": "text/html,*/*;q=0.8"})
    assert route.body == plain.body
    assert gw.call("GET", "/nothing.js", user=None, headers={"Accept": "text/html"}).status == 404
    for path in re.findall(rb'(?:src|href)="(/assets/[^"]+)"', plain.body):
        a = gw.call("GET", path.decode(), user=None)
        assert a.status == 200 and "immutable" in a.headers["cache-control"]
    for a in (plain, packed, route):
        policy = a.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy
        assert a.headers["x-content-type-options"] == "nosniff" and a.headers["referrer-policy"] == "no-referrer"


def test_answers_are_not_cached(shared):
    assert shared.api("GET", "/system").headers["cache-control"] == "no-store"
    assert PASSWORD not in shared.log()
