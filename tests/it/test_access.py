"""Who gets in, and who may do what: passwords, roles, sessions, tokens, the audit trail."""
import base64
import json
import threading
import time

import pytest

from gateway import PASSWORD, Gateway, until

VIEWER, OPERATOR = ("vera", "Look-only-2026"), ("otto", "Read-write-2026")


def login(gw, user="admin", password=PASSWORD):
    a = gw.call("POST", "/api/v1/session", {"user": user, "password": password}, user=None)
    assert a.status == 200, a
    return a.headers["set-cookie"].split(";")[0], a.json["csrf"]


def as_user(who):
    return {"user": who[0], "password": who[1]}


@pytest.fixture
def staff(gw):
    gw.post("/users", {"name": VIEWER[0], "role": "viewer", "password": VIEWER[1]}, 201)
    gw.post("/users", {"name": OPERATOR[0], "role": "operator", "password": OPERATOR[1]}, 201)
    return gw


def test_nobody_gets_in_without_credentials(gw):
    for path in ("/system", "/meters", "/settings", "/log", "/events", "/users", "/audit", "/session"):
        a = gw.call("GET", "/api/v1" + path, user=None)
        assert a.status == 401 and a.json["error"] == "unauthorized", path
        assert a.headers["www-authenticate"].startswith("Basic")
    assert gw.call("GET", "/healthz", user=None).status == 200


def test_a_page_is_not_asked_by_the_browser(gw):
    a = gw.call("GET", "/api/v1/system", user=None, headers={"Sec-Fetch-Mode": "cors"})
    assert a.status == 401 and a.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", ["Basic", "Basic !!!!", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer", "Bearer x",
                                   "Digest a=b", "Basic " + base64.b64encode(b"a" * 500 + b":b").decode()])
def test_odd_credentials_are_refused(gw, value):
    assert gw.call("GET", "/api/v1/system", user=None, headers={"Authorization": value}).status == 401


def test_the_factory_password_must_be_changed_first():
    with Gateway(password=None) as gw:
        gw.password = "admin"
        for path in ("/system", "/meters", "/events"):
            a = gw.call("GET", "/api/v1" + path)
            assert a.status == 403 and a.json["error"] == "password_change_required"
        for weak in ("short1", "onlyletters", "12345678", "admin"):
            a = gw.api("POST", "/password", {"old": "admin", "new": weak}, 422)
            assert a.json["details"][0]["field"] == "new"
        assert gw.api("POST", "/password", {"old": "wrong", "new": PASSWORD}, 403).json["error"] == "wrong_password"
        gw.api("POST", "/password", {"old": "admin", "new": PASSWORD}, 204)
        assert gw.call("GET", "/api/v1/system").status == 401
        gw.password = PASSWORD
        gw.get("/system")
        gw.restart()
        gw.get("/system")


def test_the_factory_password_can_be_changed_from_the_page():
    with Gateway(password=None) as gw:
        cookie, csrf = login(gw, "admin", "admin")
        page = {"user": None, "headers": {"Cookie": cookie, "X-CSRF-Token": csrf}}
        assert gw.call("GET", "/api/v1/system", **page).json["error"] == "password_change_required"
        gw.api("POST", "/password", {"old": "admin", "new": PASSWORD}, 204, **page)
        gw.api("GET", "/system", **page)


def test_roles_bound_what_a_user_may_do(staff):
    gw = staff
    calls = [("GET", "/meters", None, 200, 200), ("GET", "/settings", None, 200, 200),
             ("POST", "/readouts", {"meters": "all"}, 403, 202), ("PATCH", "/meters/1", {}, 403, 404),
             ("PATCH", "/settings", {"readout.cron": "0 * * * *"}, 403, 403), ("GET", "/users", None, 403, 403),
             ("POST", "/tokens", {"name": "x", "role": "admin"}, 403, 403), ("GET", "/audit", None, 403, 403),
             ("POST", "/users", {"name": "eve", "role": "admin", "password": "Grab-the-box-1"}, 403, 403)]
    for method, path, body, viewer, operator in calls:
        gw.api(method, path, body, viewer, **as_user(VIEWER))
        gw.api(method, path, body, operator, **as_user(OPERATOR))


def test_the_last_administrator_stays(staff):
    gw = staff
    gw.api("DELETE", "/users/admin", None, 409)
    gw.api("PATCH", "/users/admin", {"role": "viewer"}, 409)
    gw.api("PATCH", "/users/vera", {"role": "admin"})
    gw.api("DELETE", "/users/admin", None, 204)
    names = [u["name"] for u in gw.api("GET", "/users", **as_user(VIEWER)).json["users"]]
    assert names == ["otto", "vera"]


def test_users_are_checked_before_they_are_made(staff):
    gw = staff
    good = {"name": "new", "role": "viewer", "password": "Good-enough-1"}
    for change, code, field in (({"name": "bad name"}, 422, None), ({"role": "boss"}, 422, "role"), ({"password": "x1"}, 422, "password"),
                                ({"name": "vera"}, 409, "name"), ({"colour": "red"}, 422, "colour"), ({"name": 5}, 422, "name")):
        a = gw.api("POST", "/users", good | change, code)
        if field:
            assert a.json["details"][0]["field"] == field
    gw.api("PATCH", "/users/nobody", {"role": "viewer"}, 404)
    gw.api("PATCH", "/users/vera", {"role": "boss"}, 422)
    gw.api("PATCH", "/users/vera", {"password": "Another-word-9"})
    assert gw.call("GET", "/api/v1/system", **as_user(VIEWER)).status == 401
    gw.api("GET", "/system", user="vera", password="Another-word-9")


def test_a_session_needs_its_token_for_changes_and_ends(gw):
    a = gw.call("POST", "/api/v1/session", {"user": "admin", "password": PASSWORD}, user=None)
    cookie = a.headers["set-cookie"]
    assert all(w in cookie for w in ("HttpOnly", "SameSite=Strict", "Path=/"))
    pair, csrf = login(gw)
    page = {"user": None, "headers": {"Cookie": pair}}
    changes = {"user": None, "headers": {"Cookie": "other=1; " + pair, "X-CSRF-Token": csrf}}
    assert gw.api("GET", "/session", **page).json == {"user": "admin", "role": "admin", "csrf": csrf, "password_change_required": False}
    gw.api("GET", "/meters", **page)
    assert gw.api("POST", "/readouts", {"meters": "all"}, 403, **page).json["error"] == "csrf"
    wrong = {"user": None, "headers": {"Cookie": pair, "X-CSRF-Token": "0" * 64}}
    gw.api("POST", "/readouts", {"meters": "all"}, 403, **wrong)
    gw.api("POST", "/readouts", {"meters": "all"}, 202, **changes)
    gw.api("DELETE", "/session", None, 204, **changes)
    gw.api("GET", "/meters", None, 401, **page)


def test_sessions_are_listed_and_revoked(staff):
    gw = staff
    mine, _ = login(gw)
    hers, her_csrf = login(gw, *VIEWER)
    seen = gw.get("/sessions")["sessions"]
    assert sorted(s["user"] for s in seen) == ["admin", "vera"]
    her_page = {"user": None, "headers": {"Cookie": hers, "X-CSRF-Token": her_csrf}}
    own = gw.api("GET", "/sessions", **her_page).json["sessions"]
    assert [(s["user"], s["current"]) for s in own] == [("vera", True)]
    admins = next(s["id"] for s in seen if s["user"] == "admin")
    gw.api("DELETE", f"/sessions/{admins}", None, 404, **her_page)
    gw.api("DELETE", f"/sessions/{own[0]['id']}", None, 204)
    gw.api("GET", "/sessions", None, 401, **her_page)
    assert gw.call("GET", "/api/v1/meters", user=None, headers={"Cookie": mine}).status == 200


def test_a_token_is_shown_once_and_can_be_taken_back(gw):
    made = gw.post("/tokens", {"name": "plc", "role": "viewer", "expires": "2099-01-01T00:00:00Z"}, 201)
    bearer = {"user": None, "headers": {"Authorization": "Bearer " + made["token"]}}
    gw.api("GET", "/meters", **bearer)
    gw.api("POST", "/readouts", {"meters": "all"}, 403, **bearer)
    gw.api("POST", "/password", {"old": "x", "new": PASSWORD}, 403, **bearer)
    listed = gw.get("/tokens")
    assert made["token"] not in json.dumps(listed) and listed["tokens"][0]["name"] == "plc"
    gw.restart()
    gw.api("GET", "/meters", **bearer)
    gw.api("DELETE", f"/tokens/{made['id']}", None, 204)
    gw.api("GET", "/meters", None, 401, **bearer)
    gw.api("DELETE", f"/tokens/{made['id']}", None, 404)
    gw.api("POST", "/tokens", {"name": "old", "role": "viewer", "expires": "2001-01-01T00:00:00Z"}, 422)
    gw.api("POST", "/tokens", {"name": "odd", "role": "viewer", "expires": "soon"}, 422)


def test_guessing_is_slowed_without_slowing_others(gw):
    worst, stop, codes = 0.0, threading.Event(), []

    def guess(n):
        while not stop.is_set():
            codes.append(gw.call("POST", "/api/v1/session", {"user": f"u{n}", "password": "x" * 20}, user=None).status)
            time.sleep(0.02)
    threads = [threading.Thread(target=guess, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    started = time.monotonic()
    while time.monotonic() - started < 1.5 or (429 not in codes and time.monotonic() - started < 20):
        began = time.monotonic()
        assert gw.call("GET", "/healthz", user=None).status == 200
        worst = max(worst, time.monotonic() - began)
    stop.set()
    for t in threads:
        t.join()
    assert 401 in codes and 429 in codes and set(codes) <= {401, 429}
    assert worst < 0.25
    late = gw.call("GET", "/api/v1/system")
    assert late.status == 429 and int(late.headers["retry-after"]) >= 1
    assert gw.status("Threads") == 1


def test_the_audit_trail_names_who_and_what_but_no_secrets(staff):
    gw = staff
    gw.api("PATCH", "/settings", {"http.password": "Very-secret-1", "readout.cron": "5 * * * *"})
    gw.post("/tokens", {"name": "plc", "role": "viewer"}, 201)
    entries = gw.get("/audit")["entries"]
    text = json.dumps(entries) + gw.log()
    assert "vera" in text and "readout.cron" in text and "token plc" in text
    assert not any(secret in text for secret in ("Very-secret-1", VIEWER[1], PASSWORD))
    assert all(e["user"] == "admin" and e["from"] == "127.0.0.1" for e in entries)
    assert [e["time"] for e in entries] == sorted((e["time"] for e in entries), reverse=True)


def test_events_end_with_the_session(gw):
    import http.client
    cookie, csrf = login(gw)
    c = http.client.HTTPConnection("127.0.0.1", gw.web, timeout=25)
    c.request("GET", "/api/v1/events", headers={"Cookie": cookie})
    r = c.getresponse()
    assert r.status == 200 and r.getheader("content-type") == "text/event-stream"
    gw.api("DELETE", "/session", None, 204, user=None, headers={"Cookie": cookie, "X-CSRF-Token": csrf})
    began = time.monotonic()
    while r.read1(4096):
        assert time.monotonic() - began < 20
    r.close(), c.close()


def test_passwords_are_set_on_a_new_and_on_a_used_folder():
    with Gateway() as gw:
        gw.get("/system")
        gw.program.stop()
        gw.set_password("admin", "Other-River-8")
        gw.start()
        assert gw.call("GET", "/api/v1/system").status == 401
        gw.password = "Other-River-8"
        until(lambda: gw.call("GET", "/api/v1/system").status == 200, "the new password")
