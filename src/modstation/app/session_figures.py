"""How this session goes: counted from the decision log, kept on this machine, told to nobody."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from modstation.core.errors import SettingsError
from modstation.core.figures import ActivityMeter, BreakReminder, BreakRules, Tally, rows_of
from modstation.core.language import translate
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modstation.app.settings import Settings
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.decisions import Decision
    from modstation.core.figures import Figures
    from modstation.core.policy import Policy
    from modstation.store.station_store import StationStore

PAGE = 200
# The severity that the policy calls severe.
SEVERE = 3
_CELLS_THAT_RUN = ("=", "+", "-", "@", "\t", "\r")


def severe_codes(policy: Policy) -> frozenset[str]:
    """The reasons whose images weigh most on who sees them."""
    return frozenset(reason.code for reason in policy.reasons if reason.severity >= SEVERE)


def figures_csv(figures: Figures) -> str:
    """The figures as comma separated values, safe to open in a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("figure", "of", "value"))
    for row in rows_of(figures):
        writer.writerow(f"'{cell}" if cell.startswith(_CELLS_THAT_RUN) else cell for cell in row)
    return text.getvalue()


def write_figures(path: Path, figures: Figures) -> None:
    """Write the figures as CSV; ``SettingsError`` if the file cannot be written."""
    try:
        path.write_text(figures_csv(figures), encoding="utf-8", newline="")
    except OSError as error:
        raise SettingsError(
            translate("SessionFigures", "{path} cannot be written: {why}.").format(
                path=path, why=error.strerror or error
            )
        ) from error


class SessionFigures:
    """One reviewer's session, read from the log in short pages; runs on the window's thread.

    ``monotonic`` gives seconds. Rows of other people and programs do not count.
    """

    def __init__(
        self, store: StoreTasks, *, actor: str, policy: Policy, monotonic: Callable[[], float]
    ) -> None:
        self._store = store
        self._actor = actor
        self._monotonic = monotonic
        self._tally = Tally(severe_codes(policy))
        self._meter = ActivityMeter()
        self._reminder = BreakReminder()
        self._read_to: int | None = None
        self._reading = False
        self._waiting: list[Callable[[], None]] = []

    def start(self) -> None:
        """Count what is decided from now on."""
        self._store.submit(Priority.REST, lambda store: store.log_end(), self._begin, _no_matter)

    # -- the clock

    def touched(self) -> None:
        """A sign of life of the reviewer."""
        now = self._monotonic()
        self._meter.touched(now)
        self._reminder.touched(now, active=self._meter.seconds(now), severe=self._tally.severe)

    def left(self) -> None:
        """The window is not in front any more."""
        self._meter.left(self._monotonic())

    def reminder(self, settings: Settings) -> str | None:
        """A suggestion to take a break, if one is due by the clock or by what was seen."""
        rules = BreakRules(settings.break_minutes, settings.break_severe)
        active = self._meter.seconds(self._monotonic())
        return self._reminder.due(rules, active=active, severe=self._tally.severe)

    # -- the figures

    def figures(self) -> Figures:
        """What has been read so far."""
        return self._tally.figures(timedelta(seconds=self._meter.seconds(self._monotonic())))

    def read(self, done: Callable[[], None] = lambda: None) -> None:
        """Read what the log holds since the last time, then call ``done``."""
        self._waiting.append(done)
        if not self._reading and self._read_to is not None:
            self._reading = True
            self._next_page()

    # -- inside

    def _begin(self, sequence: int) -> None:
        self._read_to = sequence
        if self._waiting:
            self._reading = True
            self._next_page()

    def _next_page(self) -> None:
        after = self._read_to or 0

        def page(store: StationStore) -> list[Decision]:
            return store.decisions_after(after, PAGE)

        self._store.submit(Priority.REST, page, self._take, self._not_read)

    def _take(self, page: list[Decision]) -> None:
        for decision in page:
            self._read_to = decision.sequence
            if decision.draft.actor == self._actor:
                self._tally.add(decision)
        if len(page) == PAGE:
            self._next_page()
        else:
            self._end_reading()

    def _not_read(self, _error: object) -> None:
        # The next reading takes up where this one ended.
        self._end_reading()

    def _end_reading(self) -> None:
        self._reading = False
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done()


def _no_matter(_error: object) -> None:
    """Without a beginning nothing is counted; the window says what is wrong with the database."""
