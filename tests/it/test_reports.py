"""Push reports: delivery by HTTP and HTTPS to servers that work, fail, hang, redirect or lie about who they are."""
import http.server
import re
import ssl
import subprocess
import threading
import time

import pytest

from gateway import Gateway, Segment, until

FIXED = ("#serial-number;device-position;primary-address;device-identification;created;value-data-count;manufacturer;"
         "version;device-type;access-number;status;signature").split(";")
NEVER = "0 0 1 1 *"


class Receiver:
    """An HTTP server that keeps what is posted. `answers`: status codes in turn, the last one for ever; "hang" keeps silent."""

    def __init__(self, answers=(200,), tls=None, location=None):
        self.got, self.answers, me = [], list(answers), self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = me.answers.pop(0) if len(me.answers) > 1 else me.answers[0]
                me.got.append({"answer": answer, "path": self.path, "body": body,
                               "headers": {k.lower(): v for k, v in self.headers.items()}})
                if answer == "hang":
                    me.closing.wait(20)
                    return
                self.send_response(answer)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *args):
                pass

        self.closing = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *a: None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/reports"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        return [g for g in self.got if g["answer"] == 200]


def lines_of(body, encoding="latin-1"):
    """The data lines as dicts by heading; every line must fit the heading line above it."""
    rows, head = [], None
    assert body.endswith(b"\r\n")
    for line in body.decode(encoding).split("\r\n")[:-1]:
        cells = line.split(";")
        if cells[0].startswith("#"):
            assert cells[:12] == FIXED
            head = cells
        else:
            assert head and len(cells) == len(head), line
            rows.append(dict(zip(head, cells)))
    return rows


def keys_of(receiver):
    return [(r["device-identification"], r["created"], r["value-data-count"]) for g in receiver.taken() for r in lines_of(g["body"])]


def rows_of(segment):
    return [(f"flat {n}", address) for n, address in enumerate(segment.addresses(), 1)]


def gateway(segment, url, **settings):
    base = {"report1.enabled": "true", "report1.cron": NEVER, "report1.url": url, "http.timeout_s": "2",
            "push.adaptive_retries": "false", "jobs.retries": "0"}
    return Gateway(base | {k.replace("__", "."): v for k, v in settings.items()}, bus=segment)


def read_in_the_next_second(gw):
    time.sleep(1.1)
    gw.read_all()


def failed(gw, path="/reports/1/send"):
    job = gw.job(path)
    assert job["state"] == "failed", job
    assert job["errors"][0]["subject"] == "report1"
    return job["errors"][0]["message"]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate authority, a certificate of it for 127.0.0.1, one for another name, and a self-made one."""
    d = tmp_path_factory.mktemp("tls")

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=d, check=True, capture_output=True)

    def key(name, subject):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", subject)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
    for name, alternative in (("good", "IP:127.0.0.1,DNS:localhost"), ("other", "DNS:elsewhere.example")):
        key(name, f"/CN={name}")
        (d / "ext").write_text(f"subjectAltName={alternative}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "ext", "-out", f"{name}.pem")
    return d


def test_a_report_holds_every_meter_once_and_only_once(segment):
    with Receiver() as receiver, gateway(segment, receiver.url) as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        job = gw.job("/reports/1/send")
        assert job["state"] == "done", job
        [got] = receiver.got
        assert got["path"] == "/reports"
        serial = gw.get("/system")["serial"]
        assert re.fullmatch(serial + r"_valuereport_\d{14}_3115\.csv", got["headers"]["filename"])
        assert got["headers"]["content-type"] == "text/plain; charset=iso-8859-1"
        assert re.fullmatch(rf"Model/Metergate Serial/{serial} Application/\S+", got["headers"]["user-agent"])
        assert "authorization" not in got["headers"] and "expect" not in got["headers"]
        rows = lines_of(got["body"])
        assert {(r["device-position"], r["device-identification"]) for r in rows} == set(rows_of(segment))
        assert len(rows) == 3
        gw.job("/reports/1/send")
        assert len(receiver.got) == 1, "nothing was unsent, yet something was posted"
        read_in_the_next_second(gw)
        gw.job("/reports/1/send")
        keys = keys_of(receiver)
        assert len(keys) == 6 and len(set(keys)) == 6
        assert gw.status("Threads") == 1


def test_what_a_failing_server_missed_comes_with_the_next_report(segment):
    with Receiver([500, 500, 200]) as receiver, gateway(segment, receiver.url) as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        assert "500" in failed(gw)
        read_in_the_next_second(gw)
        assert "500" in failed(gw)
        assert gw.job("/reports/1/send")["state"] == "done"
        assert len(set(keys_of(receiver))) == 6


def test_a_failed_report_is_tried_again(segment):
    with Receiver([500, 503, 200]) as receiver, gateway(segment, receiver.url, jobs__retries="2", jobs__retry_offset_s="0") as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        job = gw.job("/reports/1/send")
        assert job["state"] == "done" and len(job["errors"]) == 2, job
        assert len(receiver.got) == 3 and len(receiver.taken()) == 1


def test_sending_by_hand_does_not_wait_for_a_retry(segment):
    with Receiver([500, 200]) as receiver, gateway(segment, receiver.url, push__adaptive_retries="true") as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        first = gw.post("/reports/1/send")["job"]
        until(lambda: gw.get(f"/jobs/{first}")["errors"], "the first try to fail")
        assert gw.get(f"/jobs/{first}")["state"] == "waiting"
        assert gw.job("/reports/1/send")["state"] == "done"
        assert len(keys_of(receiver)) == 3


def test_what_was_unsent_goes_out_after_a_restart(segment):
    with Receiver([500, 200]) as receiver, gateway(segment, receiver.url) as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        failed(gw)
        gw.restart()
        assert gw.job("/reports/1/send")["state"] == "done"
        assert len(keys_of(receiver)) == 3


def test_a_delivery_is_remembered_over_a_restart(segment):
    with Receiver() as receiver, gateway(segment, receiver.url) as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        gw.job("/reports/1/send")
        gw.restart()
        gw.job("/reports/1/send")
        assert len(receiver.got) == 1


def test_a_server_that_hangs_is_left_after_the_timeout_while_others_are_served(segment):
    with Receiver(["hang"]) as receiver, gateway(segment, receiver.url) as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        began = time.monotonic()
        number = gw.post("/reports/1/send")["job"]
        until(lambda: receiver.got, "the report to arrive")
        for _ in range(10):
            asked = time.monotonic()
            gw.get("/meters")
            assert time.monotonic() - asked < 0.5
        job = until(lambda: gw.ended(number), "the job to end")
        assert job["state"] == "failed" and "no answer within 2 s" in str(job["errors"])
        assert 1.9 < time.monotonic() - began < 5


def test_a_redirect_is_not_followed(segment):
    with Receiver() as trap, Receiver([302], location=trap.url) as receiver, gateway(segment, receiver.url) as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        assert "302: redirects are not followed" in failed(gw)
        assert receiver.got and not trap.got


def test_user_and_password_go_out_as_basic(segment):
    with Receiver([401, 200]) as receiver, gateway(segment, receiver.url, report1__user="flat", report1__password="s€cret") as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        assert "user or the password" in failed(gw)
        gw.job("/reports/1/send")
        assert receiver.got[1]["headers"]["authorization"] == "Basic ZmxhdDpz4oKsY3JldA=="
        assert "cret" not in gw.log()


def test_the_default_server_is_used_where_a_report_names_none(segment):
    with Receiver() as receiver, gateway(segment, "", http__url=receiver.url) as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        assert gw.job("/reports/1/send")["state"] == "done"
        assert len(receiver.got) == 1


def test_no_server_a_closed_port_and_an_unknown_name_are_said(segment):
    with gateway(segment, "") as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        assert "no server is set" in failed(gw)
        gw.api("PATCH", "/settings", {"report1.url": "http://127.0.0.1:1/"})
        assert "127.0.0.1:1" in failed(gw)
        gw.api("PATCH", "/settings", {"report1.url": "http://no-such-host.invalid/"})
        assert "no-such-host.invalid" in failed(gw)
        assert gw.status("Threads") == 1


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-8"])
def test_texts_come_in_the_encoding_that_is_set(segment, encoding):
    with Receiver() as receiver, gateway(segment, receiver.url, conventions__encoding=encoding,
                                         conventions__decimal_separator=".") as gw:
        kitchen, formula = segment.addresses()[:2]
        gw.install([("Küche; \"hinten\"", kitchen), ("=SUM(1)", formula)])
        gw.read_all()
        gw.job("/reports/1/send")
        [got] = receiver.got
        assert got["headers"]["content-type"].endswith(f"charset={encoding}")
        rows = {r["device-identification"]: r for r in lines_of(got["body"], encoding)}
        assert rows[kitchen]["device-position"] == "Küche  'hinten'"
        assert rows[formula]["device-position"] == "'=SUM(1)"
        assert not any("," in cell for r in rows.values() for cell in r.values())


def test_https_is_delivered_when_the_certificate_is_right(segment, certificates):
    with Receiver(tls=(certificates / "good.pem", certificates / "good.key")) as receiver, \
            gateway(segment, receiver.url, http__ca_file=certificates / "ca.pem") as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        assert gw.job("/reports/1/send")["state"] == "done"
        gw.api("PATCH", "/settings", {"report1.url": f"https://localhost:{receiver.port}/by-name"})
        read_in_the_next_second(gw)
        assert gw.job("/reports/1/send")["state"] == "done"
        assert len(keys_of(receiver)) == 6
        assert gw.status("Threads") == 1


@pytest.mark.parametrize("name, authority", [("good", ""), ("other", "ca.pem")], ids=["unknown authority", "another name"])
def test_https_is_refused_when_the_certificate_is_wrong(segment, certificates, name, authority):
    with Receiver(tls=(certificates / f"{name}.pem", certificates / f"{name}.key")) as receiver, \
            gateway(segment, receiver.url, http__ca_file=certificates / authority if authority else "") as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        assert "127.0.0.1" in failed(gw)
        assert not receiver.got
        gw.api("PATCH", "/settings", {"http.verify": False})
        assert gw.job("/reports/1/send")["state"] == "done"
        assert "its certificate is not checked" in gw.log()


def test_a_scheduled_report_waits_for_the_readout_of_the_same_minute():
    with Segment("--meters", "3", "--baud", "2400") as segment, Receiver() as receiver, \
            gateway(segment, receiver.url, report1__cron="* * * * *", readout__enabled="true", readout__cron="* * * * *") as gw:
        gw.install(rows_of(segment))
        until(lambda: receiver.got, "the minute", 75)
        rows = lines_of(receiver.got[0]["body"])
        assert len(rows) == 3 and len({row["created"][:16] for row in rows}) == 1


def test_a_report_stops_with_the_gateway(segment):
    with Receiver(["hang"]) as receiver, gateway(segment, receiver.url, http__timeout_s="30") as gw:
        gw.install(rows_of(segment))
        gw.read_all()
        gw.post("/reports/1/send")
        until(lambda: receiver.got, "the report to arrive")
        began = time.monotonic()
        assert gw.program.stop() == 0
        assert time.monotonic() - began < 2.5


def test_settings_that_cannot_work_are_refused(gw):
    for change, word in (({"report1.enabled": True, "report1.type": "email"}, "http"),
                         ({"report1.enabled": True, "report1.template": 101}, "115"),
                         ({"report1.period": "soon"}, "auto"), ({"report1.url": "gopher://x/"}, "report1.url")):
        refused = gw.api("PATCH", "/settings", change, expect=422)
        assert word in refused.body.decode(), refused
