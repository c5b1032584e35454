"""What a proof found: printed as a table, kept as JSON beside docs/proof.md, judged against its bounds."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any, Final

from odzew.clock import Clock, to_datetime

RESULTS: Final = Path(__file__).resolve().parents[1] / "docs" / "proof"


class Report:
    """Rows of one proof. `say` adds a figure, `hold` one with a bound that must hold."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._begun = clock.monotonic()
        self._rows: list[dict[str, Any]] = []
        self.held = True
        print(f"\n== {name}", flush=True)

    def say(self, what: str, value: Any, unit: str = "", **more: Any) -> None:
        """A figure that is only told."""
        self._add({"what": what, "value": _rounded(value), "unit": unit, **more})

    def hold(
        self, what: str, value: float, unit: str = "", *, at_most: float | None = None, at_least: float | None = None, **more: Any
    ) -> None:
        """A figure with its bound; a broken bound makes the proof fail."""
        holds = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        self.held = self.held and holds
        bound = f"at most {at_most:g}" if at_most is not None else f"at least {at_least:g}"
        self._add({"what": what, "value": _rounded(value), "unit": unit, "bound": bound, "holds": holds, **more})

    def save(self) -> bool:
        """Writes the JSON file and says whether every bound held."""
        machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": f"{platform.system()} {platform.release()}"}
        found = {
            "proof": self.name, "at": to_datetime(self._clock.now()).isoformat(timespec="seconds"), "held": self.held,
            "seconds": round(self._clock.monotonic() - self._begun), "machine": machine, "load_average": os.getloadavg(),
            "rows": self._rows,
        }  # fmt: skip
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{self.name}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"   {'every bound held' if self.held else 'A BOUND DID NOT HOLD'} ({found['seconds']} s)", flush=True)
        return self.held

    def _add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        mark = {True: "ok", False: "NO", None: "  "}[row.get("holds")]
        bound = f"({row['bound']})" if "bound" in row else ""
        print(f"   {mark} {row['what']:<66} {row['value']!s:>12} {row['unit']:<8} {bound}", flush=True)


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 3) if abs(value) < 10 else round(value, 1) if abs(value) < 1000 else round(value)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def median(values: list[float]) -> float:
    return percentile(values, 0.5)
