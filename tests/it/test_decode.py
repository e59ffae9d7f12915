"""mbus-decode as a user runs it: input, options, exit status."""
import json
import os
import pathlib
import subprocess

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
WIRED = "681414680802727856341224400107550000000313153100ad16"
MODE5 = "2e4493157856341233037a2a0020255923c95aaa26d1b2e7493b013ec4a6f6d3529b520edff0ea6defc99d6d69ebf3"
KEY = "0102030405060708090a0b0c0d0e0f11"
FULL = "2a442d2c998734761b168d2091d37cac21576c7802ff207100041308190000441308190000615b7f616713"
COMPACT = "23442d2c998734761b168d2087d19ead217f1779eda86ab6710008190000081900007f13"


def decode(text, *options):
    r = subprocess.run([BUILD / "mbus-decode", *options], input=text, text=True, capture_output=True, timeout=20)
    return r


def answers(r):
    return [json.loads(x) for x in r.stdout.splitlines()]


def test_one_answer_a_telegram_in_order():
    r = decode(f"# a comment\n\n  {WIRED[:10]} {WIRED[10:]}  # the meter in the cellar\nzz\n{WIRED}")
    assert r.returncode == 1
    got = answers(r)
    assert [a["ok"] for a in got] == [True, False, True]
    assert got[0]["header"]["id"] == "12345678"
    assert "byte 0" in got[1]["error"]


def test_files_and_standard_input(tmp_path):
    f = tmp_path / "meter.hex"
    f.write_text(WIRED + "\n")
    r = decode(WIRED, str(f), "-")
    assert r.returncode == 0 and len(answers(r)) == 2
    r = decode("", str(tmp_path / "missing.hex"))
    assert r.returncode == 1 and "missing.hex" in r.stderr


def test_keys_by_option_and_by_file(tmp_path):
    assert decode(MODE5).returncode == 1
    assert decode(MODE5, "--key", KEY).returncode == 0
    keys = tmp_path / "keys.csv"
    keys.write_text(f"address,key,manufacturer,deviceType,version\r\n-1,{'00' * 16},*,-1,-1\r\n12345678,{KEY},ELS,3,-1\r\n")
    r = decode(MODE5, "--keys", str(keys))
    assert r.returncode == 0 and answers(r)[0]["records"][0]["value"] == 28504.27
    keys.write_text(f"address,key\n-1,{KEY}00\n")
    r = decode(MODE5, "--keys", str(keys))
    assert r.returncode == 2 and "line 2, column 2" in r.stderr and KEY not in r.stderr


def test_a_compact_frame_follows_its_full_frame():
    lonely = answers(decode(COMPACT))[0]
    assert not lonely["ok"] and lonely["format_signature"] == "A8ED"
    r = decode(f"{FULL}\n{COMPACT}\n")
    full, compact = answers(r)
    assert r.returncode == 0
    assert [x["value"] for x in compact["records"]] == [x["value"] for x in full["records"]]


def test_numbers_keep_their_decimals():
    r = decode("0c1300000012\n0b5a006700", "--link", "record")
    assert '"value":12000.000,' in r.stdout and '"value":670.0,' in r.stdout


def test_a_table_for_people():
    r = decode(WIRED, "--text")
    assert r.returncode == 0 and "PAD 12345678" in r.stdout and "12.565 m3" in r.stdout


def test_wrong_usage_is_explained():
    for options, word in ((["--key", "12"], "32 hex digits"), (["--link", "air"], "air"), (["--nonsense"], "nonsense"),
                          (["--keys", "/"], "/")):
        r = decode("", *options)
        assert r.returncode == 2 and word in r.stderr and not r.stdout
    assert "mbus-decode" in decode("", "--help").stdout
    assert decode("", "--version").returncode == 0
