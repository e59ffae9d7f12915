#!/usr/bin/env python3
"""Who may include whom: every #include "…" is held against the table below; names of libraries against theirs."""
import pathlib, re, sys

# folder of the including file (longest match wins) -> prefixes it may include
CODEC_MODEL = ["core/base/", "core/reading.h", "core/quantity.h", "core/when.h", "core/crypto.h"]
MODEL = ["core/base/", "core/"]
MAY = {
    "core/base/": ["core/base/"],
    "core/main": [""],  # the composition root: main.c and what was cut off it
    "core/": MODEL,
    "protocols/codec/": CODEC_MODEL + ["protocols/codec/"],
    "io/": ["core/base/", "core/sys.h", "protocols/codec/http_head.h", "io/"],
    "store/": MODEL + ["store/"],
    "protocols/mbus_decode_main.c": ["core/base/", "core/", "protocols/codec/"],
    "protocols/": MODEL + ["io/", "store/", "protocols/"],
    "reports/": MODEL + ["io/", "store/", "protocols/codec/", "reports/"],
    "tests/": [""],
    "fuzz/": [""],
}
# library headers and the only places that may see them
ONLY = {
    r"event2/|evhtp|evdns": ("io/", "tests/"),
    r"lmdb\.h": ("store/", "tests/"),
    r"curl/": ("io/fetch", "tests/"),
    r"sys/socket\.h|netinet/|termios\.h|sys/epoll\.h": ("io/", "tests/"),
    # inet_pton() and inet_ntop() are pure: addresses as text
    r"arpa/inet\.h": ("core/base/addr.c", "io/", "tests/"),
    r"pthread\.h|threads\.h": (),
    r"zstd\.h": ("store/", "tests/"),
    r"openssl/": ("core/crypto.c", "protocols/codec/mbus/crypt.c", "io/", "tests/"),
}
# Parts of one service share a private header; services do not see each other.
FAMILIES = [("http", "rest_", "webui_files", "openapi"), ("mbus_master",), ("vmbus",), ("tmbus",)]


def longest(table, path):
    return max((k for k in table if path.startswith(k)), key=len, default=None)


def family(path):
    stem = pathlib.PurePath(path).name
    return next((f for f in FAMILIES if stem.startswith(f)), (stem.rsplit(".", 1)[0],))


def main():
    bad = []
    files = sorted(p for top in ("core", "io", "store", "protocols", "reports", "tests", "fuzz")
                   for p in pathlib.Path(top).rglob("*.[ch]"))
    for p in files:
        path = p.as_posix()
        for n, line in enumerate(p.read_text().splitlines(), 1):
            own = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            lib = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if own:
                rule = longest(MAY, path)
                if rule is None or not any(own[1].startswith(x) for x in MAY[rule]):
                    bad.append(f"{path}:{n}: {rule or path} must not include {own[1]}")
                service = own[1].startswith("protocols/") and own[1].count("/") == 1
                if service and path.startswith("protocols/") and path.count("/") == 1 and family(path) != family(own[1]):
                    bad.append(f"{path}:{n}: a service must not include another one's {own[1]}")
            if lib:
                for name, places in ONLY.items():
                    if re.match(name, lib[1]) and not any(path.startswith(x) for x in places) and not path.startswith("core/main"):
                        bad.append(f"{path}:{n}: only {', '.join(places) or 'nobody'} may include <{lib[1]}>")
    print("\n".join(bad) if bad else f"floors: {len(files)} files keep to their floor")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
