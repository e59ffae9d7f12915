"""The request gate: pieces, framing, limits, deadlines, and what garbage leaves behind."""
import contextlib
import os
import random
import re
import socket
import time

import pytest

from gateway import IS_SANITIZED, Gateway, free_port, until

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n\r\n"


def status(answer):
    m = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    return int(m[1]) if m else 0


def statuses(answer):
    return [int(x) for x in re.findall(rb"HTTP/1\.1 (\d+) ", answer)]


@pytest.mark.parametrize("cut", [1, 2, 5, 17, 40])
def test_a_request_may_arrive_in_pieces(gw, cut):
    whole = GET + CLOSE
    answer = gw.raw(None, [whole[i:i + cut] for i in range(0, len(whole), cut)], pause=0.005)
    assert status(answer) == 200 and answer.endswith(b'{"status":"ok"}')


def test_pipelined_requests_are_answered_in_order(gw):
    names = [b"/healthz", b"/api/v1/nothing"] * 100
    many = b"".join(b"GET " + n + b" HTTP/1.1\r\nHost: x\r\n\r\n" for n in names)
    assert statuses(gw.raw(many + GET + CLOSE)) == [200, 404] * 100 + [200]


def test_a_request_behind_a_body_is_not_lost(gw):
    post = b'POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'
    chunked = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    assert statuses(gw.raw(post + chunked + GET + CLOSE)) == [422, 422, 200]


def test_a_body_of_a_refused_call_is_passed_over_when_it_is_there(gw):
    post = b'POST /api/v1/readouts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'
    assert statuses(gw.raw(post + GET + CLOSE)) == [401, 200]


def test_a_body_of_a_refused_call_is_not_waited_for(gw):
    post = b'POST /api/v1/readouts HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{}'
    began = time.monotonic()
    answer = gw.raw(post, seconds=8)
    assert status(answer) == 401 and b"Connection: close" in answer and time.monotonic() - began < 3


def test_a_client_that_waits_for_100_continue_gets_it(gw):
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gw.web), 3) as s:
        s.sendall(head)
        assert s.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(b"{}")
        assert status(s.recv(1000)) == 422


def test_a_client_may_shut_its_side_before_the_answer(gw):
    with socket.create_connection(("127.0.0.1", gw.web), 3) as s:
        s.sendall(b"GET /api/v1/system HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n")
        s.shutdown(socket.SHUT_WR)
        assert status(s.recv(1000)) == 401


REFUSED = [
    (400, "bare LF", b"GET /healthz HTTP/1.1\nHost: x\n\n"),
    (400, "no Host", b"GET /healthz HTTP/1.1\r\n\r\n"),
    (400, "going up", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"),
    (400, "TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    (400, "a chunk size that wraps", b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     b"10000000000000002\r\n{}\r\n0\r\n\r\n"),
    (413, "a body that is too large", b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"),
    (413, "chunks that become too many", b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         + b"10000\r\n" + (b"x" * 65536 + b"\r\n10000\r\n") * 5),
    (414, "a long target", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    (431, "a long header", GET + b"X: " + b"a" * 100000 + b"\r\n\r\n"),
    (431, "many headers", GET + b"X: y\r\n" * 5000 + b"\r\n"),
    (501, "an unknown method", b"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    (501, "an unknown coding", GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
    (505, "another version", b"GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n"),
]


@pytest.mark.parametrize("wanted, name, request_bytes", REFUSED, ids=[name for _, name, _ in REFUSED])
def test_what_is_refused_is_answered_and_closed(gw, wanted, name, request_bytes):
    began = time.monotonic()
    answer = gw.raw(request_bytes, seconds=6)
    assert statuses(answer) == [wanted], name
    assert b'"error":' in answer and b"Connection: close" in answer and b"nosniff" in answer
    assert time.monotonic() - began < 4, "the connection stays open"
    assert gw.call("GET", "/healthz").status == 200


@pytest.mark.parametrize("gw", [{"web.request_timeout_s": "1"}], indirect=True)
def test_slow_heads_and_slow_bodies_are_given_up(gw):
    for start in (b"GET /healthz HTTP/1.1\r\nX: ", b'POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'):
        began = time.monotonic()
        assert status(gw.raw(start, seconds=6)) == 408
        assert 0.8 < time.monotonic() - began < 4
    began = time.monotonic()
    assert gw.raw(b"", seconds=6) == b"", "a connection without a byte gets no answer"
    assert 0.8 < time.monotonic() - began < 4


@pytest.mark.parametrize("gw", [{"web.max_clients": "20"}], indirect=True)
def test_idle_connections_make_room_for_new_clients(gw):
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection(("127.0.0.1", gw.web), 3))
        assert gw.call("GET", "/healthz").status == 200
        assert gw.fds() < 60


@pytest.mark.skipif(IS_SANITIZED, reason="memory figures of a sanitizer build mean nothing")
def test_a_client_that_reads_slowly_costs_no_memory(metered):
    gw = metered
    rows = [(f"m{i}", f"{20000000 + i}") for i in range(900)]
    gw.install(rows)
    token = gw.post("/tokens", {"name": "t", "role": "viewer", "expires": None}, 201)["token"]
    before = gw.status("VmRSS")
    ask = b"GET /api/v1/meters?limit=1000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n"
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", gw.web))
        s.sendall(ask * 200)
        time.sleep(1)
        assert gw.status("VmRSS") < before + 8000, "answers pile up"
        assert gw.call("GET", "/healthz").status == 200


def test_garbage_leaves_nothing_behind(gw):
    rnd = random.Random(3)
    token = gw.post("/tokens", {"name": "m", "role": "operator", "expires": "2099-01-01T00:00:00Z"}, 201)["token"]
    head = f"Host: x\r\nAuthorization: Bearer {token}\r\n"
    seeds = [s.encode() for s in (
        f"GET /api/v1/meters?limit=3 HTTP/1.1\r\n{head}\r\n",
        f'POST /api/v1/readouts HTTP/1.1\r\n{head}Content-Length: 17\r\n\r\n{{"meters": "all"}}',
        f"PATCH /api/v1/meters/1 HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")]
    gw.call("GET", "/healthz")
    fds = gw.fds()
    for i in range(3000):
        b = bytearray(rnd.choice(seeds))
        for _ in range(rnd.randrange(1, 5)):
            at = rnd.randrange(len(b))
            b[at:at + rnd.randrange(3)] = rnd.choice([b"", b"\r\n", b"\0", b" ", b"%00", b"9" * 20, bytes([rnd.randrange(256)])])
            b = b or bytearray(b"\n")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", gw.web), 3) as s:
            s.sendall(b)
            if i % 3:
                s.shutdown(socket.SHUT_WR)
            s.settimeout(0.002)
            s.recv(4096)
    until(lambda: gw.fds() <= fds + 2, "the connections to end", 20)
    assert gw.status("Threads") == 1


def test_a_new_port_takes_over_and_old_connections_live_on(gw):
    new = free_port()
    with socket.create_connection(("127.0.0.1", gw.web), 3) as s:
        s.sendall(GET + b"\r\n")
        assert status(s.recv(1000)) == 200
        gw.api("PATCH", "/settings", {"web.port": new})
        s.sendall(GET + b"\r\n")
        assert status(s.recv(1000)) == 200
    with pytest.raises(OSError):
        gw.call("GET", "/healthz")
    gw.web = new
    assert gw.call("GET", "/healthz").status == 200


def test_a_port_that_is_taken_leaves_the_old_one(gw):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        gw.api("PATCH", "/settings", {"web.port": taken.getsockname()[1]})
        assert gw.call("GET", "/healthz").status == 200
        assert "cannot listen" in gw.log()


def test_long_lists_reach_http_1_0_clients_whole(gw):
    token = gw.post("/tokens", {"name": "t", "role": "admin", "expires": None}, 201)["token"]
    answer = gw.raw(b"GET /api/v1/log?limit=1000 HTTP/1.0\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n")
    assert status(answer) == 200 and b"chunked" not in answer and answer.endswith(b"}")


def test_the_process_ends_with_clients_connected():
    with Gateway() as gw:
        socks = [socket.create_connection(("127.0.0.1", gw.web), 3) for _ in range(10)]
        for s in socks[:5]:
            s.sendall(b"GET /healthz HT")
        time.sleep(0.1)
        began = time.monotonic()
        assert gw.program.stop() == 0
        assert time.monotonic() - began < 2
        for s in socks:
            s.close()
    assert not os.path.exists(gw.folder)
