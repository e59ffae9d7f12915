"""Meter searches end to end: what is asked, found, installed, cancelled; several buses; readouts between the probes."""
import pytest
from gateway import Gateway, Segment, until
from test_bus import meters, telegram  # noqa: F401

QUICK = {"mbus.response_timeout_ms": "40", "bus1.baud": "38400", "bus2.baud": "38400"}


def found(job):
    return sorted(m["secondary_address"] for m in job["result"]["found"])


def installed(gw):
    return sorted(m["secondary_address"] for m in gw.pages("/meters", "meters"))


@pytest.fixture
def street(meters):  # noqa: F811
    """Twelve meters, all at primary address 0."""
    return meters.path, [str(meters.add(60000000 + 7 * n)) for n in range(12)]


def test_a_search_installs_each_meter_once_and_a_repeated_one_adds_none(street):
    path, idents = street
    with Segment("--telegrams", path, "--baud", 0) as sim, Gateway(QUICK, bus=sim) as gw:
        gw.install([("here before", idents[3])])
        first = gw.job("/searches", {"modes": ["secondary"]})
        assert found(first) == idents and first["result"]["installed"] == 11
        again = gw.job("/searches", {})
        assert found(again) == idents and again["result"]["installed"] == 0
        assert installed(gw) == idents
        assert not gw.read_all()["errors"]


def test_a_search_without_installing_only_tells(street):
    path, idents = street
    with Segment("--telegrams", path, "--baud", 0) as sim, Gateway(QUICK, bus=sim) as gw:
        job = gw.job("/searches", {"install": False, "mask": "6000000F", "max_meters": 1})
        assert found(job) and set(found(job)) <= set(idents) and len(found(job)) == 1
        assert installed(gw) == []


def test_beyond_the_meter_limit_the_newest_are_passive_and_the_job_says_so(street):
    path, idents = street
    with Segment("--telegrams", path, "--baud", 0) as sim, Gateway(QUICK | {"meters.limit": "9"}, bus=sim) as gw:
        job = gw.job("/searches", {})
        states = [m["state"] for m in gw.pages("/meters", "meters")]
        assert states == ["active"] * 9 + ["passive"] * 3
        assert sum("passive" in e["message"] for e in job["errors"]) == 3


def test_a_cancelled_search_keeps_what_it_has_found(street):
    path, idents = street
    with Segment("--telegrams", path, "--baud", 2400) as sim, Gateway(bus=sim) as gw:
        number = gw.api("POST", "/searches", {}, 202).json["job"]
        until(lambda: len(gw.get(f"/jobs/{number}")["result"]["found"]) >= 2, "two meters", 30)
        gw.api("DELETE", f"/jobs/{number}", expect=202)
        job = gw.ended(number)
        assert job["cancelled"] and 2 <= len(found(job)) < 12
        assert installed(gw) == found(job)


def test_two_buses_are_searched_side_by_side_and_a_readout_passes_between_probes(street, tmp_path):
    path, idents = street
    other = tmp_path / "other"
    other.mkdir()
    (other / "m.hex").write_text(telegram(70000001).hex() + "\n")
    with Segment("--telegrams", path, "--baud", 2400) as a, Segment("--telegrams", other, "--baud", 0) as b:
        settings = {"bus2.enabled": "true", "bus2.port": b.port}
        with Gateway(settings, bus=a) as gw:
            gw.install([("read meanwhile", idents[0])])
            number = gw.api("POST", "/searches", {"buses": [1, 2]}, 202).json["job"]
            until(lambda: "70000001" in installed(gw), "the meter of bus 2", 20)
            assert not gw.job("/readouts", {"meters": [1]})["errors"]
            assert gw.get(f"/jobs/{number}")["state"] == "running"
            job = until(lambda: gw.ended(number), "the search", 60)
            assert found(job) == idents + ["70000001"]


@pytest.mark.parametrize("wish, field", [
    ({"buses": [2]}, "buses"), ({"buses": []}, "buses"), ({"buses": [17]}, "buses"), ({"buses": 1}, "buses"),
    ({"modes": ["tertiary"]}, "modes"), ({"modes": []}, "modes"), ({"modes": ["primary", "primary"]}, "modes"),
    ({"mask": "123"}, "mask"), ({"mask": 12345678}, "mask"), ({"baud": 1234}, "baud"), ({"baud": "2400"}, "baud"),
    ({"max_meters": 0}, "max_meters"), ({"install": 1}, "install"), ({"hex": "yes"}, "hex"), ({"fast": True}, "fast"),
])
def test_a_wish_that_cannot_be_is_refused_by_its_field(wish, field):
    with Segment("--meters", 1, "--baud", 0) as sim, Gateway(bus=sim) as gw:
        answer = gw.api("POST", "/searches", wish, 422).json
        assert answer["details"][0]["field"] == field
