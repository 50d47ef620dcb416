"""Every command of the station: one table that feeds keys, buttons, help and tests."""

from __future__ import annotations

from modstation.core.keymap import Command
from modstation.core.language import later
from modstation.core.policy import DIGITS

# The commands that reject with a reason, and its digit in the policy.
REASON_DIGITS = {f"reject-reason-{number}": digit for number, digit in enumerate(DIGITS, 1)}
_REASON_COMMANDS = {digit: name for name, digit in REASON_DIGITS.items()}


def _table() -> dict[str, Command]:
    rows = [
        Command(
            "approve",
            later("Commands", "Approve"),
            later("Commands", "Approve the image and show the next."),
            "Decide",
            decides=True,
        ),
        Command(
            "reject",
            later("Commands", "Reject"),
            later("Commands", "Reject the image and show the next."),
            "Decide",
            decides=True,
        ),
        *(
            Command(
                name,
                later("Commands", "Reason {value}"),
                later("Commands", "Reject with the reason on key {value}."),
                "Decide",
                decides=True,
                value=digit,
            )
            for name, digit in REASON_DIGITS.items()
        ),
        Command(
            "more-reasons",
            later("Commands", "More reasons…"),
            later(
                "Commands",
                "Reject with a reason that has no digit; what must be escalated is asked for"
                " twice.",
            ),
            "Decide",
        ),
        Command(
            "undo",
            later("Commands", "Undo"),
            later("Commands", "Take the last decision back, or offer to reverse it."),
            "Decide",
        ),
        Command(
            "redo",
            later("Commands", "Redo"),
            later("Commands", "Make the decision again that was just undone."),
            "Decide",
        ),
        Command(
            "skip",
            later("Commands", "Skip"),
            later("Commands", "Put the image at the back of the queue."),
            "Decide",
            decides=True,
        ),
        Command(
            "flag",
            later("Commands", "Flag"),
            later("Commands", "Bookmark the image, with the note if there is one."),
            "Decide",
        ),
        Command(
            "escalate",
            later("Commands", "Escalate"),
            later("Commands", "Leave the image to somebody else, with a note; it stays pending."),
            "Decide",
        ),
        Command(
            "next",
            later("Commands", "Next"),
            later("Commands", "Look at the next image without deciding."),
            "Move",
            repeats=True,
        ),
        Command(
            "previous",
            later("Commands", "Back"),
            later("Commands", "Look at the image before."),
            "Move",
            repeats=True,
        ),
        Command(
            "grid",
            later("Commands", "Grid"),
            later("Commands", "Show many images on one sheet; again to go back to one."),
            "Grid",
        ),
        Command(
            "mark",
            later("Commands", "Mark"),
            later("Commands", "Mark the tile, or take its mark away."),
            "Grid",
        ),
        Command(
            "mark-all",
            later("Commands", "Mark all"),
            later("Commands", "Mark every tile on the screen, or none of them."),
            "Grid",
        ),
        Command(
            "extend-previous",
            later("Commands", "Extend back"),
            later("Commands", "Mark the tiles one goes back to."),
            "Grid",
            repeats=True,
        ),
        Command(
            "extend-next",
            later("Commands", "Extend"),
            later("Commands", "Mark the tiles one goes on to."),
            "Grid",
            repeats=True,
        ),
        Command(
            "page-previous",
            later("Commands", "Page back"),
            later("Commands", "Go one screen of tiles back."),
            "Grid",
            repeats=True,
        ),
        Command(
            "page-next",
            later("Commands", "Page on"),
            later("Commands", "Go one screen of tiles on."),
            "Grid",
            repeats=True,
        ),
        Command(
            "approve-marked",
            later("Commands", "Approve marked"),
            later("Commands", "Approve the marked tiles."),
            "Grid",
            decides=True,
        ),
        Command(
            "reject-marked",
            later("Commands", "Reject marked"),
            later("Commands", "Reject the marked tiles."),
            "Grid",
            decides=True,
        ),
        Command(
            "settle-screen",
            later("Commands", "Settle screen"),
            later(
                "Commands",
                "Reject the marked tiles and approve the rest that is on the screen; again to"
                " confirm.",
            ),
            "Grid",
            decides=True,
        ),
        Command(
            "peek",
            later("Commands", "Peek"),
            later("Commands", "Uncover the image while the key is held."),
            "Look",
        ),
        Command(
            "reveal",
            later("Commands", "Reveal"),
            later("Commands", "Uncover this image; again to cover it."),
            "Look",
        ),
        Command(
            "blur-more",
            later("Commands", "Blur more"),
            later("Commands", "Make the cover stronger."),
            "Look",
            repeats=True,
        ),
        Command(
            "blur-less",
            later("Commands", "Blur less"),
            later("Commands", "Make the cover weaker."),
            "Look",
            repeats=True,
        ),
        Command(
            "greyscale",
            later("Commands", "Greyscale"),
            later("Commands", "Show images without colour."),
            "Look",
        ),
        Command(
            "cover-all",
            later("Commands", "Cover all"),
            later("Commands", "Cover every image at once; again to go on."),
            "Look",
        ),
        Command(
            "zoom-in",
            later("Commands", "Zoom in"),
            later("Commands", "Enlarge the image."),
            "Look",
            repeats=True,
        ),
        Command(
            "zoom-out",
            later("Commands", "Zoom out"),
            later("Commands", "Make the image smaller."),
            "Look",
            repeats=True,
        ),
        Command(
            "zoom-toggle",
            later("Commands", "Fit / 100 %"),
            later("Commands", "Switch between whole image and 100 %."),
            "Look",
        ),
        Command(
            "zoom-fit", later("Commands", "Fit"), later("Commands", "Show the whole image."), "Look"
        ),
        Command(
            "zoom-100",
            later("Commands", "100 %"),
            later("Commands", "Show every pixel of the image."),
            "Look",
        ),
        Command(
            "rotate-left",
            later("Commands", "Rotate left"),
            later("Commands", "Turn the image to the left."),
            "Look",
        ),
        Command(
            "rotate-right",
            later("Commands", "Rotate right"),
            later("Commands", "Turn the image to the right."),
            "Look",
        ),
        Command(
            "sticky-zoom",
            later("Commands", "Keep zoom"),
            later(
                "Commands",
                "Keep zoom and place when the next image comes; again to begin each image whole.",
            ),
            "Look",
        ),
        Command(
            "original",
            later("Commands", "Original"),
            later("Commands", "Fetch the original of the image, and show every pixel of it."),
            "Look",
        ),
        Command(
            "brighten",
            later("Commands", "Brighten"),
            later("Commands", "Brighten the shadows of the image, or not."),
            "Look",
        ),
        Command(
            "frame-next",
            later("Commands", "Next frame"),
            later("Commands", "Show the next frame or page of the image."),
            "Look",
            repeats=True,
        ),
        Command(
            "frame-previous",
            later("Commands", "Frame back"),
            later("Commands", "Show the frame or page before."),
            "Look",
            repeats=True,
        ),
        Command(
            "frame-play",
            later("Commands", "Play"),
            later("Commands", "Play the frames of the image, or pause."),
            "Look",
        ),
        Command(
            "group",
            later("Commands", "Alike"),
            later(
                "Commands", "Show the images that are nearly the same, and decide them in one act."
            ),
            "Panels",
        ),
        Command(
            "information",
            later("Commands", "Information"),
            later("Commands", "Show or hide the evidence panel."),
            "Panels",
        ),
        Command(
            "machine-verdict",
            later("Commands", "Machine verdict"),
            later("Commands", "Hide what machines found until you decide, or show it."),
            "Panels",
        ),
        Command(
            "policy",
            later("Commands", "Policy"),
            later("Commands", "Show the rules behind the reasons."),
            "Panels",
        ),
        Command(
            "note",
            later("Commands", "Note"),
            later("Commands", "Write a note that goes with the decision."),
            "Panels",
        ),
        Command(
            "palette",
            later("Commands", "Commands"),
            later("Commands", "Find any command by its name, its sentence or key."),
            "Panels",
        ),
        Command(
            "history",
            later("Commands", "History"),
            later(
                "Commands",
                "Show your last decisions: look, change, take one back, or reverse what is posted.",
            ),
            "Panels",
        ),
        Command(
            "queues",
            later("Commands", "Queues…"),
            later(
                "Commands",
                "Choose what to review: what waits, what is approved, what is rejected, by kind.",
            ),
            "Panels",
        ),
        Command(
            "lists",
            later("Commands", "Lists…"),
            later("Commands", "Show what was skipped, flagged or escalated."),
            "Panels",
        ),
        Command(
            "filter",
            later("Commands", "Filter…"),
            later("Commands", "Review only what fits these words."),
            "Panels",
        ),
        Command(
            "rescue",
            later("Commands", "Rescue"),
            later(
                "Commands",
                "Show only what was rejected for its form, to approve it after all; again to go"
                " back.",
            ),
            "Panels",
        ),
        Command(
            "clear-filter",
            later("Commands", "Show all"),
            later("Commands", "Review everything again."),
            "Panels",
        ),
        Command(
            "order",
            later("Commands", "Order"),
            later("Commands", "Take the next order of the queue."),
            "Panels",
        ),
        Command(
            "keys-help", later("Commands", "Keys"), later("Commands", "Show every key."), "Panels"
        ),
        Command(
            "edit-keys",
            later("Commands", "Change keys…"),
            later("Commands", "Choose a keymap, or give commands keys of your own."),
            "Panels",
        ),
        Command("help", later("Commands", "Help"), later("Commands", "Show the manual."), "Panels"),
        Command(
            "tour",
            later("Commands", "Tour"),
            later("Commands", "Show the first steps again."),
            "Panels",
        ),
        Command(
            "post-now",
            later("Commands", "Post now"),
            later("Commands", "Post the decisions still held for undo."),
            "Service",
        ),
        Command(
            "refresh",
            later("Commands", "Refresh"),
            later("Commands", "Ask the service for new images now."),
            "Service",
        ),
        Command(
            "offline",
            later("Commands", "Go offline"),
            later(
                "Commands",
                "Use no network, and go on with what is on this machine; again to go back online.",
            ),
            "Service",
        ),
        Command(
            "take-along",
            later("Commands", "Take along…"),
            later(
                "Commands", "Fetch a number of images to work offline with, and sum up afterwards."
            ),
            "Service",
        ),
        Command(
            "accounts",
            later("Commands", "Account…"),
            later("Commands", "Choose or add an account."),
            "Service",
        ),
        Command(
            "switch-account",
            later("Commands", "Switch account…"),
            later("Commands", "Review another account of this machine."),
            "Service",
        ),
        Command(
            "outbox",
            later("Commands", "Outbox…"),
            later("Commands", "Show what waits, is stuck or in conflict."),
            "Service",
        ),
        Command(
            "settings",
            later("Commands", "Settings…"),
            later("Commands", "Change how the station looks and works."),
            "Window",
        ),
        Command(
            "session",
            later("Commands", "Session…"),
            later(
                "Commands", "Show how this session goes: pace, reasons, time; nobody else is told."
            ),
            "Window",
        ),
        Command(
            "theme",
            later("Commands", "Theme"),
            later("Commands", "Take the next theme: dark, light, in high contrast, the desktop's."),
            "Window",
        ),
        Command(
            "text-larger",
            later("Commands", "Larger text"),
            later("Commands", "Make every text larger, up to twice the usual size."),
            "Window",
        ),
        Command(
            "text-smaller",
            later("Commands", "Smaller text"),
            later("Commands", "Make every text smaller."),
            "Window",
        ),
        Command(
            "full-screen",
            later("Commands", "Full screen"),
            later("Commands", "Use the whole screen for one image."),
            "Window",
        ),
        Command(
            "quit",
            later("Commands", "Quit"),
            later("Commands", "Close the station; nothing that was decided is lost."),
            "Window",
        ),
    ]
    return {row.name: row for row in rows}


COMMANDS = _table()


def reason_digit(command: str) -> str | None:
    """The digit in the policy of the reason that a command rejects with; None for the others."""
    return REASON_DIGITS.get(command)


def reason_command(digit: str) -> str:
    """The command that rejects with the reason on a digit of the policy."""
    return _REASON_COMMANDS[digit]
