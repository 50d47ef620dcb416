"""What a newcomer is told: the cards of the tour and the hints of the first fifty decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from modstation.core.language import later, translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.settings import Settings

# So many decisions long the hints are shown, unless the settings say otherwise.
HINTED = 50
_HINTS = (
    ("approve", later("FirstSteps", "approve")),
    ("reject", later("FirstSteps", "reject")),
    ("reject-reason-1", later("FirstSteps", "reject with a reason")),
    ("peek", later("FirstSteps", "hold to look")),
    ("undo", later("FirstSteps", "undo")),
    ("skip", later("FirstSteps", "skip")),
    ("palette", later("FirstSteps", "every command")),
    ("keys-help", later("FirstSteps", "every key")),
)


class Part(Enum):
    """A part of the window that a card speaks of."""

    DECIDING = "deciding"
    IMAGE = "image"
    STATUS = "status"
    TOOLBAR = "toolbar"


@dataclass(frozen=True, slots=True)
class TourCard:
    """One card; ``keys`` are pairs of key and what it does."""

    part: Part
    title: str
    text: str
    keys: tuple[tuple[str, str], ...]


def tour_cards(key_of: Callable[[str], str]) -> tuple[TourCard, ...]:
    """The four cards; ``key_of`` gives the key of a command as it is printed here, or nothing."""

    def keys(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        return tuple((key, what) for name, what in pairs if (key := key_of(name)))

    return (
        TourCard(
            Part.DECIDING,
            translate("FirstSteps", "One key decides"),
            translate(
                "FirstSteps",
                "The next image is there at once. For some seconds nothing is sent, so"
                " undo simply takes the decision back.",
            ),
            keys(
                ("approve", translate("FirstSteps", "approve")),
                ("reject", translate("FirstSteps", "reject")),
                ("reject-reason-1", translate("FirstSteps", "reject with that reason")),
                ("undo", translate("FirstSteps", "undo")),
            ),
        ),
        TourCard(
            Part.IMAGE,
            translate("FirstSteps", "Covered until you look"),
            translate(
                "FirstSteps",
                "An image that a machine or the policy warns of starts covered. You may"
                " reject it without looking; to approve it you have to see it.",
            ),
            keys(
                ("peek", translate("FirstSteps", "hold to look")),
                ("reveal", translate("FirstSteps", "uncover")),
                ("cover-all", translate("FirstSteps", "cover everything at once")),
            ),
        ),
        TourCard(
            Part.STATUS,
            translate("FirstSteps", "Nothing is lost"),
            translate(
                "FirstSteps",
                "Every decision is on this machine first and is posted from the outbox."
                " Without a network you simply go on.",
            ),
            keys(
                ("offline", translate("FirstSteps", "go offline and back")),
                ("post-now", translate("FirstSteps", "post at once")),
                ("outbox", translate("FirstSteps", "what is not posted")),
            ),
        ),
        TourCard(
            Part.TOOLBAR,
            translate("FirstSteps", "Everything has a key"),
            translate(
                "FirstSteps",
                "Type what you want to do, or look the key up. You can change every one of them.",
            ),
            keys(
                ("palette", translate("FirstSteps", "find a command")),
                ("keys-help", translate("FirstSteps", "every key")),
                ("edit-keys", translate("FirstSteps", "change keys")),
                ("tour", translate("FirstSteps", "this tour again")),
            ),
        ),
    )


def hints_shown(settings: Settings, *, decided: int) -> bool:
    """The strip of hints is shown now."""
    return settings.hints == "always" or (settings.hints == "first" and decided < HINTED)


def hints(key_of: Callable[[str], str], *, reasons: bool) -> list[tuple[str, str]]:
    """Pairs of key and what it does, the most needed first; ``reasons``: the policy has digits."""
    return [
        (key, str(what))
        for name, what in _HINTS
        if (key := key_of(name)) and (reasons or name != "reject-reason-1")
    ]
