"""The rules of the house that a machine can judge. Each takes the text of one Python file and returns its faults.

A fault is one sentence that starts with the line number. No rule reads a file, so that each is tried on small samples.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

Rule = Callable[[str], list[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

LONGEST_FILE = 399
LONGEST_FUNCTION = 60
NAMES_OF_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}

_OURS = {"odzew", "tests", "proof"}
# What in a test can fail by itself. The last two are schemathesis' way to say "the answer is as the document promises".
_JUDGES = {"raises", "warns", "fail", "call_and_validate", "validate_response"}


def file_length(source: str) -> list[str]:
    lines = len(source.splitlines())
    return [f"{lines}: the file has {lines} lines, over {LONGEST_FILE}"] if lines > LONGEST_FILE else []


def function_length(source: str) -> list[str]:
    return [
        f"{function.lineno}: {function.name} has {length} lines, over {LONGEST_FUNCTION}"
        for function in _functions(ast.parse(source))
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > LONGEST_FUNCTION
    ]


def own_import_in_function(source: str) -> list[str]:
    faults: dict[int, str] = {}
    for function in _functions(ast.parse(source)):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom) and _imports_ours(node):
                faults[node.lineno] = f"{node.lineno}: an import of our own inside a function hides a circle"
    return list(faults.values())


def reads_settings(source: str) -> list[str]:
    """Settings are read by serve and cli, and passed down as values."""
    return [
        f"{node.lineno}: settings are passed down as values"
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Import) and any(alias.name == "odzew.settings" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "odzew.settings")
        or (isinstance(node, ast.ImportFrom) and node.module == "odzew" and any(alias.name == "settings" for alias in node.names))
    ]


def init_only_names(source: str) -> list[str]:
    """An `__init__` may hold a docstring, imports, and names for what was imported or for constants."""
    faults = []
    for position, node in enumerate(ast.parse(source).body):
        docstring = position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assignment = isinstance(node, ast.Assign | ast.AnnAssign) and not any(
            isinstance(part, ast.Call | ast.Lambda | ast.comprehension) for part in ast.walk(node)
        )
        if not (docstring or assignment or isinstance(node, ast.Import | ast.ImportFrom)):
            faults.append(f"{node.lineno}: the __init__ of a package only names things")
    return faults


def toothless_test(source: str) -> list[str]:
    """A test function that has neither an assert nor anything else that can fail on purpose."""
    return [
        f"{function.lineno}: {function.name} asserts nothing"
        for function in _functions(ast.parse(source))
        if function.name.startswith("test_") and not any(_judges(node) for node in ast.walk(function))
    ]


def _judges(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    return called in _JUDGES or called.startswith("assert_")


def _imports_ours(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").split(".")[0] in _OURS
    return any(alias.name.split(".")[0] in _OURS for alias in node.names)


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

