"""What a scenario measured, beside what was asked of it, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.table import Table

from tests.chaos.judge import Verdict


@dataclass
class Measure:
    """One line: what was seen, what must hold, and whether it did."""

    what: str
    seen: str
    wanted: str
    holds: bool


@dataclass
class Findings:
    """All of one scenario. `notes` are facts with nothing asked of them."""

    scenario: str
    measures: list[Measure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def measure(self, what: str, seen: str, wanted: str, *, holds: bool) -> None:
        """Note a measured value."""
        self.measures.append(Measure(what, seen, wanted, holds))

    def seconds(self, what: str, values: list[float], limit: float, share: float = 0.99) -> None:
        """Note the `share` quantile of times in seconds, the largest of few, against its limit."""
        seen = quantile(values, share)
        text = f"p{share * 100:g} {seen:.3f} s, median {quantile(values, 0.5):.3f} s, n={len(values)}"
        self.measure(what, text, f"< {limit:g} s", holds=bool(values) and seen < limit)

    def judged(self, verdict: Verdict) -> None:
        """Note what the judge said."""
        self.faults += verdict.faults
        seen = (
            f"{verdict.orders} orders, {verdict.answers} answers, {verdict.reports} reports, {verdict.trades} trades, "
            f"{verdict.doubts} in doubt for a while; {len(verdict.faults)} faults"
        )
        self.measure("ledgers = journals = events", seen, "0 faults", holds=not verdict.faults and verdict.orders > 0)

    @property
    def hold(self) -> bool:
        """Whether everything that was asked held."""
        return bool(self.measures) and all(measure.holds for measure in self.measures)


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie, rounded up to one of them; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def table(all_findings: list[Findings]) -> Table:
    """Everything, to be read."""
    shown = Table(title="Faults, and what held")
    for column in ("fault", "what", "seen", "wanted", ""):
        shown.add_column(column, overflow="fold")
    for findings in all_findings:
        for number, measure in enumerate(findings.measures):
            mark = "holds" if measure.holds else "FAILS"
            shown.add_row("" if number else findings.scenario, measure.what, measure.seen, measure.wanted, mark)
        for note in findings.notes:
            shown.add_row("", note, "", "", "")
        for fault in findings.faults[:10]:
            shown.add_row("", f"[red]{fault}[/]", "", "", "")
        shown.add_section()
    return shown
