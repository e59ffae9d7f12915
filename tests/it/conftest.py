"""Fixtures: a gateway alone, and one with three made-up meters on its bus."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gateway import Gateway, Segment  # noqa: E402


@pytest.fixture
def gw(request):
    with Gateway(getattr(request, "param", None)) as g:
        yield g


@pytest.fixture
def segment():
    with Segment("--meters", "3", "--baud", "0") as s:
        yield s


@pytest.fixture
def metered(segment):
    """A gateway whose bus 1 is the segment; nothing is installed yet."""
    with Gateway(bus=segment) as g:
        yield g
