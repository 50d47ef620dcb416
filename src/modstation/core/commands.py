"""Every command of the station: one table that feeds keys, buttons, help and tests."""

from __future__ import annotations

from modstation.core.keymap import Command
from modstation.core.policy import DIGITS


def _table() -> dict[str, Command]:
    rows = [
        Command(
            "approve", "Approve", "Approve the image and show the next.", "Decide", decides=True
        ),
        Command("reject", "Reject", "Reject the image and show the next.", "Decide", decides=True),
        *(
            Command(
                f"reject-reason-{number}",
                f"Reason {digit}",
                f"Reject with the reason on key {digit}.",
                "Decide",
                decides=True,
            )
            for number, digit in enumerate(DIGITS, 1)
        ),
        Command(
            "more-reasons",
            "More reasons…",
            "Reject with a reason that has no digit; what must be escalated is asked for twice.",
            "Decide",
        ),
        Command("undo", "Undo", "Take the last decision back, or offer to reverse it.", "Decide"),
        Command("redo", "Redo", "Make the decision again that was just undone.", "Decide"),
        Command("skip", "Skip", "Put the image at the back of the queue.", "Decide", decides=True),
        Command("flag", "Flag", "Bookmark the image, with the note if there is one.", "Decide"),
        Command(
            "escalate",
            "Escalate",
            "Leave the image to somebody else, with a note; it stays pending.",
            "Decide",
        ),
        Command("next", "Next", "Look at the next image without deciding.", "Move", repeats=True),
        Command("previous", "Back", "Look at the image before.", "Move", repeats=True),
        Command("grid", "Grid", "Show many images on one sheet; again to go back to one.", "Grid"),
        Command("mark", "Mark", "Mark the tile, or take its mark away.", "Grid"),
        Command("mark-all", "Mark all", "Mark every tile on the screen, or none of them.", "Grid"),
        Command(
            "extend-previous",
            "Extend back",
            "Mark the tiles one goes back to.",
            "Grid",
            repeats=True,
        ),
        Command("extend-next", "Extend", "Mark the tiles one goes on to.", "Grid", repeats=True),
        Command("page-previous", "Page back", "Go one screen of tiles back.", "Grid", repeats=True),
        Command("page-next", "Page on", "Go one screen of tiles on.", "Grid", repeats=True),
        Command(
            "approve-marked", "Approve marked", "Approve the marked tiles.", "Grid", decides=True
        ),
        Command("reject-marked", "Reject marked", "Reject the marked tiles.", "Grid", decides=True),
        Command(
            "settle-screen",
            "Settle screen",
            "Reject the marked tiles and approve the rest that is on the screen; again to confirm.",
            "Grid",
            decides=True,
        ),
        Command("peek", "Peek", "Uncover the image while the key is held.", "Look"),
        Command("reveal", "Reveal", "Uncover this image; again to cover it.", "Look"),
        Command("blur-more", "Blur more", "Make the cover stronger.", "Look", repeats=True),
        Command("blur-less", "Blur less", "Make the cover weaker.", "Look", repeats=True),
        Command("greyscale", "Greyscale", "Show images without colour.", "Look"),
        Command("cover-all", "Cover all", "Cover every image at once; again to go on.", "Look"),
        Command("zoom-in", "Zoom in", "Enlarge the image.", "Look", repeats=True),
        Command("zoom-out", "Zoom out", "Make the image smaller.", "Look", repeats=True),
        Command("zoom-toggle", "Fit / 100 %", "Switch between whole image and 100 %.", "Look"),
        Command("zoom-fit", "Fit", "Show the whole image.", "Look"),
        Command("zoom-100", "100 %", "Show every pixel of the image.", "Look"),
        Command("rotate-left", "Rotate left", "Turn the image to the left.", "Look"),
        Command("rotate-right", "Rotate right", "Turn the image to the right.", "Look"),
        Command(
            "sticky-zoom",
            "Keep zoom",
            "Keep zoom and place when the next image comes; again to begin each image whole.",
            "Look",
        ),
        Command(
            "original",
            "Original",
            "Fetch the original of the image, and show every pixel of it.",
            "Look",
        ),
        Command("brighten", "Brighten", "Brighten the shadows of the image, or not.", "Look"),
        Command(
            "frame-next",
            "Next frame",
            "Show the next frame or page of the image.",
            "Look",
            repeats=True,
        ),
        Command(
            "frame-previous", "Frame back", "Show the frame or page before.", "Look", repeats=True
        ),
        Command("frame-play", "Play", "Play the frames of the image, or pause.", "Look"),
        Command(
            "group",
            "Alike",
            "Show the images that are nearly the same, and decide them in one act.",
            "Panels",
        ),
        Command("information", "Information", "Show or hide the evidence panel.", "Panels"),
        Command(
            "machine-verdict",
            "Machine verdict",
            "Hide what machines found until you decide, or show it.",
            "Panels",
        ),
        Command("policy", "Policy", "Show the rules behind the reasons.", "Panels"),
        Command("note", "Note", "Write a note that goes with the decision.", "Panels"),
        Command(
            "palette", "Commands", "Find any command by its name, its sentence or key.", "Panels"
        ),
        Command(
            "history",
            "History",
            "Show your last decisions: look, change, take one back, or reverse what is posted.",
            "Panels",
        ),
        Command(
            "queues",
            "Queues…",
            "Choose what to review: what waits, what is approved, what is rejected, by kind.",
            "Panels",
        ),
        Command("lists", "Lists…", "Show what was skipped, flagged or escalated.", "Panels"),
        Command("filter", "Filter…", "Review only what fits these words.", "Panels"),
        Command(
            "rescue",
            "Rescue",
            "Show only what was rejected for its form, to approve it after all; again to go back.",
            "Panels",
        ),
        Command("clear-filter", "Show all", "Review everything again.", "Panels"),
        Command("order", "Order", "Take the next order of the queue.", "Panels"),
        Command("keys-help", "Keys", "Show every key.", "Panels"),
        Command(
            "edit-keys",
            "Change keys…",
            "Choose a keymap, or give commands keys of your own.",
            "Panels",
        ),
        Command("help", "Help", "Show the manual.", "Panels"),
        Command("tour", "Tour", "Show the first steps again.", "Panels"),
        Command("post-now", "Post now", "Post the decisions still held for undo.", "Service"),
        Command("refresh", "Refresh", "Ask the service for new images now.", "Service"),
        Command(
            "offline",
            "Go offline",
            "Use no network, and go on with what is on this machine; again to go back online.",
            "Service",
        ),
        Command(
            "take-along",
            "Take along…",
            "Fetch a number of images to work offline with, and sum up afterwards.",
            "Service",
        ),
        Command("accounts", "Account…", "Choose or add an account.", "Service"),
        Command(
            "switch-account",
            "Switch account…",
            "Review another account of this machine.",
            "Service",
        ),
        Command("outbox", "Outbox…", "Show what waits, is stuck or in conflict.", "Service"),
        Command("settings", "Settings…", "Change how the station looks and works.", "Window"),
        Command(
            "session",
            "Session…",
            "Show how this session goes: pace, reasons, time; nobody else is told.",
            "Window",
        ),
        Command("full-screen", "Full screen", "Use the whole screen for one image.", "Window"),
        Command("quit", "Quit", "Close the station; nothing that was decided is lost.", "Window"),
    ]
    return {row.name: row for row in rows}


COMMANDS = _table()


def reason_digit(command: str) -> str | None:
    """The digit in the policy of the reason that a command rejects with; None for the others."""
    head, _, number = command.rpartition("-")
    return DIGITS[int(number) - 1] if head == "reject-reason" else None
