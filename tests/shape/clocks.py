"""The rule that there is one clock: what reads the time, or waits by it, elsewhere than in `odzew.clock`."""

from __future__ import annotations

import ast

_MODULE = "time"
_CALLS = {
    "asyncio.sleep",
    "asyncio.timeout",
    "asyncio.timeout_at",
    "asyncio.wait_for",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
}
_OF_LOOPS = {"call_at", "call_later", "time"}
_MAKES_LOOPS = {"get_event_loop", "get_running_loop", "new_event_loop"}


def other_clock(source: str) -> list[str]:
    """Faults of one file: `time` imported at all, the wall clock of `datetime`, the waits of `asyncio`, the clock of a loop."""
    tree = ast.parse(source)
    known = _imported(tree)
    faults: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            faults += [(node.lineno, what) for what in _clocks_imported(node)]
        elif isinstance(node, ast.Attribute):
            path = _dotted(node, known)
            if path in _CALLS:
                faults.append((node.lineno, path))
            elif node.attr in _OF_LOOPS and _is_loop(node.value):
                faults.append((node.lineno, f"loop.{node.attr}"))
        elif isinstance(node, ast.Call) and _dotted(node.func, known) == "asyncio.wait":
            faults += [(node.lineno, "asyncio.wait(timeout=)") for keyword in node.keywords if keyword.arg == "timeout"]
    return [f"{line}: {what}; odzew.clock is the only clock" for line, what in sorted(set(faults))]


def _clocks_imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name == _MODULE]
    if node.level == 0 and node.module == _MODULE:
        return [_MODULE]
    return [path for alias in node.names if (path := f"{node.module}.{alias.name}") in _CALLS]


def _imported(tree: ast.AST) -> dict[str, str]:
    """Local name -> full dotted name, for every import of the file."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                known[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def _dotted(node: ast.AST, known: dict[str, str]) -> str:
    """The full name of `a.b.c` by the file's imports; empty where it does not start at an imported name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute) and (base := _dotted(node.value, known)):
        return f"{base}.{node.attr}"
    return ""


def _is_loop(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        made = node.func
        return (made.attr if isinstance(made, ast.Attribute) else made.id if isinstance(made, ast.Name) else "") in _MAKES_LOOPS
    spelled = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return spelled.strip("_") in {"loop", "event_loop"}
