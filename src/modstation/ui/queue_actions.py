"""What the keys do that put images aside, bring them back and order the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.queue_verbs import refuse_settled
from modstation.app.rescue import Rescue
from modstation.app.session_events import Message, Tone
from modstation.core.assets import ModerationStatus
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.core.queue import Order
from modstation.ui.wording import ORDER_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.ui.window import StationWindow


class QueueActions:
    """The handlers of these commands; dialogs are imported when they are asked for."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        self.handlers: dict[str, Callable[[], None]] = {
            "skip": self._skip,
            "flag": self._flag,
            "escalate": self._escalate,
            "lists": self._lists,
            "order": self._order,
            "filter": window.filter_bar.open,
            "clear-filter": self._clear_filter,
            "rescue": self._rescue,
        }
        self._rescuing = Rescue(window.session)

    def _skip(self) -> None:
        self._window.commands.refuse_hidden()
        self._window.session.skip()

    def _flag(self) -> None:
        session = self._window.session
        session.verbs.toggle_flag(session.looking.look.note)

    def _escalate(self) -> None:
        window, session = self._window, self._window.session
        window.commands.refuse_hidden()
        entry = session.current
        if entry is None:
            raise ReviewError(
                translate("QueueActions", "There is no image to escalate."), code="empty"
            )
        refuse_settled(entry)
        from modstation.ui.lists_sheet import EscalateDialog

        window.peek(on=False)
        dialog = EscalateDialog(entry, session.looking.look.note or "", current=_current(window))
        dialog.setParent(window, dialog.windowFlags())
        dialog.escalated.connect(session.verbs.escalate)
        dialog.open()

    def _lists(self) -> None:
        from modstation.ui.lists_sheet import ListsSheet

        self._window.peek(on=False)
        ListsSheet(self._window.session, self._window).open()

    def _clear_filter(self) -> None:
        window = self._window
        if window.session.view.filter is None:
            raise ReviewError(translate("QueueActions", "There is no filter."), code="no-filter")
        window.session.filter(None)

    def _rescue(self) -> None:
        text = (
            translate(
                "QueueActions",
                "Only what was rejected for its form is shown; the same key goes back.",
            )
            if self._rescuing.toggle()
            else translate("QueueActions", "Back to what you looked at before.")
        )
        self._window.message.show_message(Message(text, Tone.INFO))

    def _order(self) -> None:
        """Take the next order; it stays for the next start."""
        window, view = self._window, self._window.session.view
        if view.status is not ModerationStatus.PENDING:
            raise ReviewError(
                translate("QueueActions", "Only what waits has another order."), code="settled"
            )
        orders = list(Order)
        order = orders[(orders.index(view.order) + 1) % len(orders)]
        window.station.settings_book.change(order=order.value)
        # The view may have had another order than the setting.
        window.session.change_view(view.in_order(order))
        window.message.show_message(
            Message(
                translate("QueueActions", "Order: {order}.").format(order=ORDER_WORDS[order]),
                Tone.INFO,
            )
        )


def _current(window: StationWindow) -> Callable[[], str | None]:
    def key() -> str | None:
        entry = window.session.current
        return entry.key if entry else None

    return key
