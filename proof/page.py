"""Brings the figures of docs/proof.md up to date from the JSON of the last runs: `python -m proof.page`."""

from __future__ import annotations

import json
from typing import Any, Final

from proof.report import RESULTS

PAGE: Final = RESULTS.with_name("proof.md")
BEGIN: Final = "<!-- figures: made by `python -m proof.page` -->\n"
ORDER: Final = (
    "machine", "order", "replay", "simulation", "kills", "forwarding-kills", "faults", "hostile", "drain", "memory", "poll", "push",
    "fairness", "dead-target", "ticks", "resend", "panel",
    "carrier-order", "carrier-kills", "carrier-slow", "carrier-parts",
    "mms", "fuzz", "peers",
)  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """One proof as a section."""
    held = "every bound held" if found["held"] else "**a bound did not hold**"
    lines = [f"### {found['proof']}", "", f"Measured {found['at'][:10]}, {found['seconds']} s; {held}.", ""]
    lines += ["| what | value | bound | |", "|---|---|---|---|"]
    for row in found["rows"]:
        if "columns" in row:
            continue
        mark = {True: "holds", False: "**does not hold**", None: ""}[row.get("holds")]
        lines.append(f"| {row['what']} | {row['value']} {row['unit']} | {row.get('bound', '')} | {mark} |")
    return "\n".join([*lines, *wide(found["rows"])]) + "\n"


def wide(rows: list[dict[str, Any]]) -> list[str]:
    """A second table, of the rows that have columns of their own."""
    rows = [row for row in rows if "columns" in row]
    if not rows:
        return []
    columns = list(rows[0]["columns"])
    lines = ["", f"| what | outcome | {' | '.join(columns)} |", "|---" * (len(columns) + 2) + "|"]
    return lines + [f"| {row['what']} | {row['value']} | {' | '.join(str(row['columns'][name]) for name in columns)} |" for row in rows]


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = [json.loads(file.read_text(encoding="utf-8")) for name in ORDER if (file := RESULTS / f"{name}.json").exists()]
    PAGE.write_text(text[: text.index(BEGIN)] + BEGIN + "\n" + "\n".join(table(one) for one in found), encoding="utf-8")


if __name__ == "__main__":
    main()
