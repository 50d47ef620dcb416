"""Figures of the bench: what was measured, how far it scatters, and the table it goes into."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figures:
    """Measurements of one thing in several rounds, all in ``unit``."""

    rounds: tuple[tuple[float, ...], ...]
    unit: str = "ms"

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]], unit: str = "ms") -> Figures:
        kept = tuple(tuple(values) for values in rounds if values)
        assert kept, "nothing was measured"
        return cls(kept, unit)

    @property
    def values(self) -> list[float]:
        return sorted(value for values in self.rounds for value in values)

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def p50(self) -> float:
        return statistics.median(self.values)

    @property
    def p99(self) -> float:
        """The value that one in a hundred exceeds; of fewer than a hundred the largest."""
        values = self.values
        return values[min(len(values) - 1, int(len(values) * 0.99))]

    @property
    def most(self) -> float:
        return self.values[-1]

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest median of a round."""
        medians = [statistics.median(values) for values in self.rounds]
        return min(medians), max(medians)

    def ratio_to(self, other: Figures) -> float:
        """The median of the rounds' ratios: what slowed one whole round is in both halves of it."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(
            statistics.median(ours) / statistics.median(theirs) for ours, theirs in pairs
        )

    def as_dict(self) -> dict[str, object]:
        return {
            "unit": self.unit,
            "p50": round(self.p50, 4),
            "p99": round(self.p99, 4),
            "max": round(self.most, 4),
            "n": self.n,
            "round_medians": [round(statistics.median(values), 4) for values in self.rounds],
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One budget: ``value`` against ``limit``; ``least`` when more is better."""

    text: str
    value: float
    limit: float
    least: bool = False
    unit: str = "×"

    @property
    def kept(self) -> bool:
        return self.value >= self.limit if self.least else self.value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.least else "≤"
        gap = "" if self.unit == "×" else " "
        verdict = "PASS" if self.kept else "MISS"
        return (
            f"{verdict}  {self.text}: {_short(self.value)}{gap}{self.unit}"
            f" (budget {sign} {_short(self.limit)}{gap}{self.unit})"
        )


@dataclass(slots=True)
class Report:
    """Everything the bench found, in the order it was found."""

    rows: list[tuple[str, str, Figures]] = field(default_factory=list)
    checks: list[tuple[str, Check]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def row(self, section: str, what: str, figures: Figures) -> None:
        self.rows.append((section, what, figures))

    def check(self, section: str, check: Check) -> None:
        self.checks.append((section, check))

    def note(self, section: str, text: str) -> None:
        self.notes.append((section, text))

    def missed(self, section: str) -> list[str]:
        return [str(check) for name, check in self.checks if name == section and not check.kept]

    def text(self) -> str:
        """The table people read."""
        head = ("", "p50", "p99", "max", "n", "round medians")
        lines = [f"{head[0]:<62}{head[1]:>10}{head[2]:>10}{head[3]:>10}{head[4]:>7}  {head[5]}"]
        for section in self._sections():
            lines += ["", section]
            for name, what, figures in self.rows:
                if name != section:
                    continue
                low, high = figures.spread
                label = f"  {what} [{figures.unit}]"
                lines.append(
                    f"{label:<62}{_short(figures.p50):>10}{_short(figures.p99):>10}"
                    f"{_short(figures.most):>10}{figures.n:>7}  {_short(low)} … {_short(high)}"
                )
            lines += [f"  {check}" for name, check in self.checks if name == section]
            lines += [f"  ({text})" for name, text in self.notes if name == section]
        missed = sum(not check.kept for _, check in self.checks)
        lines += ["", f"budgets kept: {len(self.checks) - missed}, missed: {missed}"]
        return "\n".join(lines)

    def write_json(self, path: Path) -> None:
        """The same for programs: the README's table is made from it."""
        document = {
            "rows": [
                {"section": section, "what": what, **figures.as_dict()}
                for section, what, figures in self.rows
            ],
            "budgets": [
                {"section": section, **asdict(check), "kept": check.kept}
                for section, check in self.checks
            ],
            "notes": [{"section": section, "text": text} for section, text in self.notes],
        }
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def _sections(self) -> list[str]:
        named = [*(row[0] for row in self.rows), *(row[0] for row in self.checks)]
        return list(dict.fromkeys([*named, *(row[0] for row in self.notes)]))


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a report that one test fills."""

    report: Report
    name: str

    def row(self, what: str, figures: Figures) -> None:
        self.report.row(self.name, what, figures)

    def check(
        self, text: str, value: float, limit: float, *, least: bool = False, unit: str = "×"
    ) -> None:
        self.report.check(self.name, Check(text, value, limit, least, unit))

    def note(self, text: str) -> None:
        self.report.note(self.name, text)


def _short(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
