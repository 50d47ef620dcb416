"""What the keys do while the contact sheet is open, and the key that opens it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from modstation.app.session_events import Message, Tone
from modstation.core.commands import REASON_DIGITS
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.grid_marks import GridMarks
    from modstation.app.grid_session import GridSession
    from modstation.app.grid_strokes import GridStrokes
    from modstation.app.stage_looking import StageLooking
    from modstation.ui.grid_panel import GridPanel
    from modstation.ui.window import StationWindow

# These act on one image in its full size.
_ON_THE_STAGE = frozenset(
    {
        "more-reasons",
        "zoom-100",
        "rotate-left",
        "rotate-right",
        "frame-previous",
        "frame-next",
        "frame-play",
        "original",
        "brighten",
    }
)


class GridActions:
    """Opens and closes the sheet, and gives the keys that act on one image to the focused tile."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        self.handlers: dict[str, Callable[[], None]] = {
            "grid": self._toggle,
            "mark": lambda: self._marks().toggle(),
            "mark-all": lambda: self._marks().mark_all(),
            "extend-next": lambda: self._grid().move(1, 0, extend=True),
            "extend-previous": lambda: self._grid().move(-1, 0, extend=True),
            "page-next": lambda: self._grid().page(1),
            "page-previous": lambda: self._grid().page(-1),
            "approve-marked": lambda: self._strokes().decide_marked(Verdict.APPROVE),
            "reject-marked": lambda: self._strokes().decide_marked(Verdict.REJECT),
            "settle-screen": lambda: self._strokes().propose(),
        }
        self._instead: dict[str, Callable[[], None]] = {
            "approve": lambda: self._strokes().decide_focused(Verdict.APPROVE),
            "reject": lambda: self._strokes().decide_focused(Verdict.REJECT),
            "skip": lambda: self._deciding().skip(),
            "next": lambda: self._grid().move(1, 0),
            "previous": lambda: self._grid().move(-1, 0),
            "reveal": lambda: self._deciding().toggle_reveal(),
            "zoom-in": lambda: self._grid().larger(1),
            "zoom-out": lambda: self._grid().larger(-1),
            "zoom-fit": lambda: self._grid().usual_size(),
            "zoom-toggle": lambda: self._grid().usual_size(),
            **{name: partial(self._reject_with, digit) for name, digit in REASON_DIGITS.items()},
        }

    @property
    def on(self) -> bool:
        """The sheet is open."""
        panel = self._window.grid
        return panel is not None and panel.grid.opened

    @property
    def looked_at(self) -> GridSession | StageLooking:
        """Where an image is uncovered now."""
        panel = self._window.grid
        return panel.grid if panel is not None and self.on else self._window.session.looking

    @property
    def revealed(self) -> bool:
        """The image that keys act on is uncovered until it is decided."""
        panel = self._window.grid
        if panel is None or not self.on:
            return self._window.session.looking.look.latched
        tile = panel.grid.focused
        return tile is not None and tile.look.latched

    def instead(self, command: str) -> Callable[[], None] | None:
        """What a command does on the sheet, if that is not the usual thing."""
        if not self.on:
            return None
        if command in _ON_THE_STAGE:
            return self._only_on_the_stage
        return self._instead.get(command)

    def move(self, dx: int, dy: int, *, extend: bool) -> bool:
        """Go to the tile that lies there; a refusal is shown."""
        try:
            self._grid().move(dx, dy, extend=extend)
        except ReviewError as refusal:
            self._window.message.show_message(Message(refusal.message, Tone.REFUSED))
        return True

    def lend(self) -> None:
        """Another view has the tiles now."""
        if self.on and self._window.grid is not None:
            self._window.grid.grid.lend()

    def show_again(self) -> None:
        """The other view is gone."""
        if self.on and self._window.grid is not None:
            self._window.grid.grid.show_again()

    def tick(self) -> None:
        """A second has passed."""
        if self._window.grid is not None:
            self._window.grid.grid.tick()

    def cancel(self) -> bool:
        """Do not do what the line states; False if there is no such line."""
        panel = self._window.grid
        return panel is not None and panel.grid.strokes.cancel()

    def escape(self) -> bool:
        """One step back: the line, the marks, the sheet; False if it is not open."""
        panel = self._window.grid
        if panel is None or not self.on:
            return False
        if not panel.grid.strokes.cancel() and not panel.grid.marks.unmark_all():
            self._leave(panel)
        return True

    # -- inside

    def _marks(self) -> GridMarks:
        return self._grid().marks

    def _grid(self) -> GridSession:
        panel = self._window.grid
        if panel is None or not self.on:
            key = self._window.key_of("grid")
            raise ReviewError(
                translate("GridActions", "That is for the grid: {key} shows it.").format(key=key),
                code="not-in-grid",
            )
        return panel.grid

    def _deciding(self) -> GridSession:
        self._window.commands.refuse_hidden()
        return self._grid()

    def _strokes(self) -> GridStrokes:
        return self._deciding().strokes

    def _reject_with(self, digit: str) -> None:
        reason = self._window.station.policy.by_key(digit)
        if reason is None:
            raise ReviewError(
                translate("GridActions", "The policy has no reason on {digit}.").format(
                    digit=digit
                ),
                code="no-reason",
            )
        self._strokes().reject_with(reason)

    def _only_on_the_stage(self) -> None:
        key = self._window.key_of("grid")
        raise ReviewError(
            translate("GridActions", "That is for one image: {key} shows it alone.").format(
                key=key
            ),
            code="on-the-stage",
        )

    def _toggle(self) -> None:
        window = self._window
        window.peek(on=False)
        panel = window.grid or self._make()
        if panel.grid.opened:
            self._leave(panel)
            return
        panel.grid.open()
        window.stage.hide()
        window.lay_out()
        panel.show()
        # Whoever gives the keyboard to the image gives it to the sheet now.
        window.stage.setFocusProxy(panel.sheet)
        window.stage.setFocus()

    def _leave(self, panel: GridPanel) -> None:
        window = self._window
        panel.hide()
        panel.grid.close()
        window.stage.setFocusProxy(None)  # type: ignore[arg-type]  # None takes it away
        # First, or the picture would be made for one width and then for another.
        window.lay_out()
        window.stage.show()
        window.stage.setFocus()
        window.stage.show_current()

    def _make(self) -> GridPanel:
        from modstation.ui.grid_panel import GridPanel

        window = self._window
        panel = GridPanel(
            window.station.make_grid(),
            window.station.covering,
            window.theme,
            key_of=window.key_of,
            parent=window,
        )
        panel.hide()
        panel.left.connect(window.stage.setFocus)
        panel.statement.confirmed.connect(lambda: window.run("settle-screen"))
        panel.statement.dropped.connect(self.cancel)
        window.centre.insertWidget(0, panel, 1)
        window.grid = panel
        window.connect_buttons(panel.buttons.values())
        return panel
