"""Each rule of the house on small samples: what it must find, and what it must leave alone."""

from __future__ import annotations

import pytest

from tests.shape import clocks, pins, rules, words

BAD: tuple[tuple[str, rules.Rule, str], ...] = (
    ("400 lines", rules.file_length, "x = 1\n" * 400),
    ("function of 61 lines", rules.function_length, "def f():\n" + "    x = 1\n" * 60),
    ("method of 61 lines", rules.function_length, "class A:\n    async def f(self):\n" + "        x = 1\n" * 60),
    ("from ours in a function", rules.own_import_in_function, "def f():\n    from odzew.model import Message\n"),
    ("ours in a method", rules.own_import_in_function, "class A:\n    async def f(self):\n        import odzew.store\n"),
    ("relative in a function", rules.own_import_in_function, "def f():\n    if x:\n        from . import model\n"),
    ("settings", rules.reads_settings, "from odzew.settings import Settings\n"),
    ("settings as a module", rules.reads_settings, "from odzew import clock, settings\n"),
    ("settings by full name", rules.reads_settings, "import odzew.settings\n"),
    ("__init__ with a function", rules.init_only_names, '"""Doc."""\ndef f(): ...\n'),
    ("__init__ with a class", rules.init_only_names, "class A: ...\n"),
    ("__init__ that calls", rules.init_only_names, "from a import b\nTABLE = b()\n"),
    ("__init__ that decides", rules.init_only_names, "if x:\n    from a import b\n"),
    ("test of nothing", rules.toothless_test, "def test_a():\n    work()\n"),
    ("async test of nothing", rules.toothless_test, "class TestA:\n    async def test_a(self):\n        await work()\n"),
    ("import time", clocks.other_clock, "import time\n"),
    ("from time", clocks.other_clock, "from time import monotonic\n"),
    ("time renamed", clocks.other_clock, "import time as t\n"),
    ("time in a function", clocks.other_clock, "def f():\n    import time\n"),
    ("now", clocks.other_clock, "from datetime import datetime, UTC\ndatetime.now(UTC)\n"),
    ("now renamed", clocks.other_clock, "from datetime import datetime as dt\ndt.utcnow()\n"),
    ("now by module", clocks.other_clock, "import datetime\ndatetime.datetime.now()\n"),
    ("now not called", clocks.other_clock, "import datetime as d\nf = d.datetime.now\n"),
    ("today", clocks.other_clock, "from datetime import date\ndate.today()\n"),
    ("sleep", clocks.other_clock, "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n"),
    ("sleep by name", clocks.other_clock, "from asyncio import sleep\n"),
    ("wait_for", clocks.other_clock, "import asyncio as a\na.wait_for(x, 1)\n"),
    ("timeout", clocks.other_clock, "import asyncio\nasyncio.timeout(1)\n"),
    ("wait with timeout", clocks.other_clock, "import asyncio\nasyncio.wait(x, timeout=1)\n"),
    ("time of a loop", clocks.other_clock, "import asyncio\nasyncio.get_running_loop().time()\n"),
    ("time of our loop", clocks.other_clock, "self._loop.time()\n"),
    ("timer of a loop", clocks.other_clock, "loop.call_later(1, f)\n"),
    ("directory of a machine", words.machine_paths, "see /" + "work/main\n"),
    ("home of root", words.machine_paths, "'/" + "root/.cache'\n"),
    ("temporary file", words.machine_paths, "open('/" + "tmp/x')\n"),
    ("temporary directory", words.machine_paths, "cd /" + "tmp\n"),
    ("home of a person", words.machine_paths, "HOME=/" + "home/jan\n"),
    ("registry", words.registry_hosts, "https://py" + "pi.org/simple\n"),
    ("download host", words.registry_hosts, "files.python" + "hosted.org\n"),
    ("index option", words.registry_hosts, "--extra-index" + "-url x\n"),
    ("misspelling", words.misspelling, "reci" + "ved_at\n"),
    ("no version", pins.unpinned, "idna\n"),
    ("no hash", pins.unpinned, "idna==3.20\n"),
    ("short hash", pins.unpinned, "idna==3.20 \\\n    --hash=sha256:" + "0" * 63 + "\n"),
    ("direct address", pins.unpinned, "idna @ https://example.com/idna.whl\n"),
    ("index in a file", pins.unpinned, "--index" + "-url https://example.com\n"),
)

GOOD: tuple[tuple[str, rules.Rule, str], ...] = (
    ("399 lines", rules.file_length, "x = 1\n" * 399),
    ("function of 60 lines", rules.function_length, "def f():\n" + "    x = 1\n" * 59),
    ("ours at the top", rules.own_import_in_function, "from odzew.model import Message\nimport odzew\ndef f(): ...\n"),
    ("another's in a function", rules.own_import_in_function, "def f():\n    import lxml\n"),
    ("settings as values", rules.reads_settings, "from odzew import clock\ndef f(settings): ...\n"),
    ("__init__ with names", rules.init_only_names, '"""Doc."""\nfrom a import b\n__version__ = "1"\nTABLE: dict[str, int] = {"b": b}\n'),
    ("empty __init__", rules.init_only_names, ""),
    ("test with assert", rules.toothless_test, "def test_a():\n    for x in y:\n        assert x\n"),
    ("test with raises", rules.toothless_test, "import pytest\ndef test_a():\n    with pytest.raises(ValueError):\n        f()\n"),
    ("test with a judge", rules.toothless_test, "async def test_a():\n    await assert_same(a, b)\n"),
    ("no test", rules.toothless_test, "def a_message():\n    return 1\n"),
    ("our clock", clocks.other_clock, "async def f(clock):\n    await clock.sleep(1)\n    return clock.now(), clock.monotonic()\n"),
    ("our timer", clocks.other_clock, "self._clock.call_later(1, f)\n"),
    ("time of day", clocks.other_clock, "from datetime import datetime, time\ndatetime.combine(day, time.max)\nmoment.time()\n"),
    ("wait without limit", clocks.other_clock, "import asyncio\nasyncio.wait(x, return_when=asyncio.FIRST_COMPLETED)\n"),
    ("field of that name", clocks.other_clock, "row.time\nmessage.today\n"),
    ("path of a URL", words.machine_paths, "https://example.com/" + "work/x and a/" + "tmp/b\n"),
    ("longer word", words.machine_paths, "/" + "workers /" + "rooted /" + "tmpl /" + "home\n"),
    ("place of a service", words.machine_paths, "/var/lib/odzew/odzew.db\n"),
    ("a host", words.registry_hosts, "https://example.com/inbox\n"),
    ("right spelling", words.misspelling, "received_at\n"),
    ("pinned", pins.unpinned, "# a comment\nidna==3.20 ; python_version < '3.12' \\\n    --hash=sha256:" + "0" * 64 + "\n    # via x\n"),
)


@pytest.mark.parametrize(("rule", "sample"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_finds(rule: rules.Rule, sample: str) -> None:
    assert len(rule(sample)) == 1


@pytest.mark.parametrize(("rule", "sample"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_leaves_alone(rule: rules.Rule, sample: str) -> None:
    assert rule(sample) == []


def test_a_fault_names_its_line() -> None:
    assert clocks.other_clock("import asyncio\n\nasyncio.sleep(1)\n") == ["3: asyncio.sleep; odzew.clock is the only clock"]


def test_names_are_compared_in_their_normal_spelling() -> None:
    asked = "# x\n-r other.in\nTyping_Extensions>=4\nuvloop; platform_system != 'Windows'\n"
    assert pins.asked_names(asked) == {"typing-extensions", "uvloop"}
    assert pins.pinned_names("a.B_c==1 \\\n  --hash=sha256:" + "a" * 64) == {"a-b-c"}
