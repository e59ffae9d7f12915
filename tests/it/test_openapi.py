"""The API document and the server, held against each other."""
import re

import pytest

from gateway import Gateway, Segment

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def served():
    with Segment("--meters", "1", "--baud", "0") as sim, Gateway(bus=sim) as gw:
        gw.address = sim.addresses()[0]
        yield gw, gw.call("GET", "/api/v1/openapi.json", user=None).json


def operations(document):
    return [(m.upper(), path, op) for path, item in document["paths"].items() for m, op in item.items() if m in METHODS]


def refs(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def test_the_document_is_whole(served):
    _, document = served
    assert document["openapi"].startswith("3.1.") and document["info"]["title"] == "Metergate" and document["info"]["version"]
    schemas = document["components"]["schemas"]
    used = {r.removeprefix("#/components/schemas/") for r in refs(document)}
    assert used - schemas.keys() == set(), "a schema is missing"
    assert schemas.keys() - used == set(), "a schema is used by nobody"
    for method, path, op in operations(document):
        names = {p["name"] for p in op["parameters"] if p["in"] == "path"}
        assert names == set(re.findall(r"{(\w+)}", path)), path
        assert op["summary"] and op["responses"]["default"], path
        assert (method in ("POST", "PATCH", "PUT")) == ("requestBody" in op), f"{method} {path}"


def test_every_documented_call_is_there(served):
    gw, document = served
    for method, path, op in operations(document):
        if path.endswith("/events"):
            continue
        url = re.sub(r"{\w+}", "987654", path)
        open_to_all = op["security"] == []
        a = gw.call(method, url, b"" if method in ("POST", "PATCH") else None, user=None, kind="application/json")
        assert (a.status != 401) == open_to_all or path.endswith("/session"), f"{method} {path} without login: {a}"
        assert a.status not in (404, 405, 501) or open_to_all, f"{method} {path}: {a}"


def test_calls_that_are_not_documented_are_not_there(served):
    gw, document = served
    documented = {(m, p) for m, p, _ in operations(document)}
    for path in document["paths"]:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if (method, path) not in documented:
                a = gw.call(method, re.sub(r"{\w+}", "987654", path), user=None)
                assert a.status == 405, f"{method} {path}: {a}"


def conforms(value, schema, document, where):
    """As much of JSON Schema as the document uses."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds or []
    tests = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list, "null": type(None)}
    assert not kinds or any(isinstance(value, tests[k]) for k in kinds), f"{where}: {value!r} is not {kinds}"
    for key, inner in (schema.get("properties") or {}).items():
        if isinstance(value, dict) and key in value:
            conforms(value[key], inner, document, f"{where}.{key}")
    if isinstance(value, dict) and "properties" in schema:
        assert value.keys() <= schema["properties"].keys(), f"{where}: {value.keys() - schema['properties'].keys()} are not documented"
    if isinstance(value, list) and "items" in schema:
        for i, v in enumerate(value):
            conforms(v, schema["items"], document, f"{where}[{i}]")


def test_answers_are_as_documented(served):
    gw, document = served
    gw.install([("a", gw.address), ("b", "99999999")])
    gw.read_all()
    gw.post("/tokens", {"name": "t", "role": "viewer"}, 201)
    gw.post("/keys", {"key": "0" * 32}, 201)
    gw.call("POST", "/api/v1/session", {"user": "admin", "password": gw.password}, user=None)
    meter = gw.get("/meters")["meters"][0]["id"]
    series = gw.get(f"/meters/{meter}/series")["series"]
    for method, path, op in operations(document):
        if method != "GET" or path.endswith("/events"):
            continue
        number = series[0]["id"] if "/series/{" in path and series else 1 if "/jobs/" in path else meter
        a = gw.call("GET", re.sub(r"{\w+}", str(number), path))
        assert a.status == 200 or path.endswith(("/latest", "/values")), f"{path}: {a}"
        kind, content = next(iter(op["responses"].get(str(a.status), op["responses"]["default"])["content"].items()))
        assert a.headers["content-type"].startswith(kind), path
        if kind == "application/json":
            conforms(a.json, content["schema"], document, path)
    error = gw.call("GET", "/api/v1/meters/x").json
    conforms(error, {"$ref": "#/components/schemas/Error"}, document, "error")
