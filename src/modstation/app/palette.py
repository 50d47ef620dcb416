"""The command palette: every command, found by what one types, and which of them Enter may run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.commands import COMMANDS, reason_digit
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.core.keymap import Command, Keymap
    from modstation.core.policy import Policy

# They store a decision without being one: Enter does not do that either.
_DECIDES_AGAIN = frozenset({"redo"})
_SCATTERED = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the palette; ``keys`` as they are printed on this keyboard."""

    command: Command
    title: str
    keys: tuple[str, ...]

    @property
    def only_by_key(self) -> bool:
        """It decides, so Enter never runs it."""
        return self.command.decides or self.command.name in _DECIDES_AGAIN

    @property
    def spoken(self) -> str:
        """The line for a screen reader."""
        keys = ", ".join(self.keys) or translate("Palette", "none")
        return translate("Palette", "{title}. {help} Key: {keys}.").format(
            title=self.title, help=self.command.help, keys=keys
        )


def reason_titles(policy: Policy) -> dict[str, str]:
    """What the commands that reject with a reason are called under this policy."""
    titles: dict[str, str] = {}
    for name in COMMANDS:
        digit = reason_digit(name)
        reason = policy.by_key(digit) if digit else None
        if reason is not None:
            titles[name] = translate("Palette", "Reject: {reason}").format(reason=reason.title)
    return titles


def offers(keymap: Keymap, policy: Policy, printed: Callable[[str], str]) -> list[Offer]:
    """Every command there is, in the order of the table."""
    titles = reason_titles(policy)
    return [
        Offer(
            command,
            titles.get(command.name, command.label.rstrip("…")),
            tuple(printed(key) for key in keymap.keys_for(command.name)),
        )
        for command in COMMANDS.values()
    ]


def found(all_offers: Sequence[Offer], typed: str) -> list[Offer]:
    """The commands that what was typed may mean, the likeliest first.

    A key (``Ctrl+S``) comes before a title that begins so, then words of the title, then parts of
    it, then sentence and group; last what has the letters of its title in this order. Of equals
    those come first that Enter runs.
    """
    wanted = " ".join(typed.casefold().split())
    if not wanted:
        return sorted(all_offers, key=lambda offer: offer.only_by_key)
    ranked = [(rank, offer) for offer in all_offers if (rank := _rank(offer, wanted)) is not None]
    # Scattered letters are in many long titles: the short one is meant.
    ranked.sort(
        key=lambda pair: (
            pair[0],
            pair[1].only_by_key,
            len(pair[1].title) if pair[0] == _SCATTERED else 0,
        )
    )
    return [offer for _, offer in ranked]


def refusal(offer: Offer, *, reversal_offered: bool) -> str | None:
    """Why Enter does not run a command here, in words; None if it does."""
    reverses = offer.command.name == "undo" and reversal_offered
    if not offer.only_by_key and not reverses:
        return None
    if not offer.keys:
        text = translate(
            "Palette", "“{title}” decides, and Enter never decides: close this, use its button."
        )
        return text.format(title=offer.title)
    text = translate(
        "Palette", "“{title}” decides, and Enter never decides: close this and press {key}."
    )
    return text.format(title=offer.title, key=offer.keys[0])


def _rank(offer: Offer, wanted: str) -> int | None:
    title = offer.title.casefold()
    if any(wanted == key.casefold() for key in offer.keys):
        return 0
    if title.startswith(wanted):
        return 1
    words = wanted.split()
    starts = title.replace(":", " ").split()
    if all(any(start.startswith(word) for start in starts) for word in words):
        return 2
    if wanted in title:
        return 3
    rest = " ".join((title, offer.command.help, offer.command.group, *offer.keys)).casefold()
    if all(word in rest for word in words):
        return 4
    letters = iter(title)
    return _SCATTERED if all(letter in letters for letter in wanted if letter != " ") else None
