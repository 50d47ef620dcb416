"""What belongs on the stage now, worked out from the session: a picture or a card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from modstation.core.assets import ModerationStatus
from modstation.core.events import Connection
from modstation.core.language import translate
from modstation.media.frames import DecodeFailed, Frame
from modstation.ui.cards import Card

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.review_session import ReviewSession
    from modstation.core.queue import QueueView

_UNREACHABLE = {Connection.OFFLINE, Connection.OFFLINE_CHOSEN, Connection.TROUBLE}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame to paint, covered or not."""

    key: str
    frame: Frame
    covered: bool
    warning: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """A card; ``key`` is set when what it says is the final word on an image.

    Only then may the image be decided: it cannot be shown, and the moderator has read why.
    """

    card: Card
    key: str | None = None


Scene: TypeAlias = Picture | Words


def compose(
    session: ReviewSession,
    *,
    hidden: bool,
    warning: Callable[[str], str | None],
    key_of: Callable[[str], str],
) -> Scene:
    """Say what the stage shows; ``hidden``: every image is covered at once."""
    if hidden:
        return Words(
            Card(
                "cover-all",
                translate("Scene", "Everything is covered"),
                translate("Scene", "Nothing can be decided until you go on."),
                ((key_of("cover-all"), translate("Scene", "go on")),),
            )
        )
    entry = session.current
    if entry is None:
        return Words(_no_entry(session, key_of))
    result = session.current_frame()
    if isinstance(result, Frame):
        reel = session.frames.reel(entry.key)
        frame = result if reel is None else reel.picture
        return Picture(entry.key, frame, session.looking.covered, warning(entry.key))
    if isinstance(result, DecodeFailed):
        return Words(_cannot_show(result.error.title, result.error.message, key_of), entry.key)
    problem = session.news.problem(entry.key)
    if problem is not None:
        return Words(
            _cannot_show(translate("Scene", "The image could not be fetched"), problem, key_of),
            entry.key,
        )
    if session.connection.connection in _UNREACHABLE:
        text = translate(
            "Scene",
            "It is not on this machine yet and comes as soon as the service can be reached.",
        )
    else:
        text = translate("Scene", "It can be decided once it is on the screen.")
    return Words(
        Card(
            "loading",
            translate("Scene", "Loading the image"),
            text,
            (
                (key_of("skip"), translate("Scene", "skip")),
                (key_of("next"), translate("Scene", "next")),
            ),
        )
    )


def _cannot_show(heading: str, text: str, key_of: Callable[[str], str]) -> Card:
    return Card(
        "warning",
        heading,
        translate("Scene", "{text} It can be rejected or skipped, but not approved unseen.").format(
            text=text
        ),
        (
            (key_of("reject"), translate("Scene", "reject")),
            ("1–0", translate("Scene", "reject with a reason")),
            (key_of("skip"), translate("Scene", "skip")),
        ),
        problem=True,
    )


def _no_entry(session: ReviewSession, key_of: Callable[[str], str]) -> Card:
    keys = (
        (key_of("refresh"), translate("Scene", "look again")),
        (key_of("undo"), translate("Scene", "undo")),
    )
    if not session.loaded:
        return Card(
            "loading",
            translate("Scene", "Opening the queue"),
            translate("Scene", "Reading what waits on this machine."),
        )
    match session.connection.connection:
        case Connection.STARTING:
            return Card(
                "loading",
                translate("Scene", "Asking the service"),
                translate("Scene", "Nothing waits on this machine yet."),
            )
        case Connection.NOT_AUTHORIZED:
            text = translate(
                "Scene", "The service does not accept the key or the secret of this account."
            )
            return Card(
                "key",
                translate("Scene", "Not signed in"),
                text,
                (
                    (
                        key_of("accounts") or translate("Scene", "Account…"),
                        translate("Scene", "choose an account"),
                    ),
                ),
                problem=True,
            )
        case connection if connection in _UNREACHABLE:
            text = translate(
                "Scene",
                "Every image on this machine is decided. More come when the service answers.",
            )
            return Card("offline", translate("Scene", "Nothing left offline"), text, keys)
        case _ if session.view.filter is not None:
            show_all = (key_of("clear-filter"), translate("Scene", "show all"))
            return Card("empty", *nothing_there(session.view), (show_all, *keys))
        case _:
            return Card("empty", *nothing_there(session.view), keys)


def nothing_there(view: QueueView) -> tuple[str, str]:
    """Why there is no image in a view that was read to its end, in a heading and a sentence."""
    if view.filter is not None:
        return (
            translate("Scene", "Nothing fits the filter"),
            translate("Scene", "No image of this queue is like that."),
        )
    text = translate("Scene", "Every image is decided. New ones appear here by themselves.")
    if view.status is not ModerationStatus.PENDING:
        there = translate("Scene", "No image is {status} here, as far as the service has told.")
        text = there.format(status=view.status.word)
    return translate("Scene", "The queue is empty"), text
