"""What a policy asks for, in sentences: its switches, and what follows from each reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.language import later, translate
from modstation.core.protection import Protection

if TYPE_CHECKING:
    from modstation.core.policy import Policy, Reason

SEVERITIES = (
    later("PolicyWords", "Form"),
    later("PolicyWords", "Minor"),
    later("PolicyWords", "Serious"),
    later("PolicyWords", "Severe"),
)


def policy_asks(policy: Policy) -> list[str]:
    """What the policy asks of every moderator; nothing where it asks for nothing beyond habit."""
    floor, asked = policy.floor, []
    if policy.require_reason:
        asked.append(translate("PolicyWords", "Every rejection needs a reason."))
    if not policy.require_reveal_to_approve:
        asked.append(translate("PolicyWords", "A covered image may be approved without a look."))
    if floor.protection is Protection.ALWAYS:
        asked.append(translate("PolicyWords", "Every image starts covered."))
    elif policy.protect_all:
        asked.append(
            translate("PolicyWords", "Every image starts covered, unless you chose never to cover.")
        )
    elif floor.protection is Protection.AUTO:
        asked.append(
            translate("PolicyWords", "What a machine or this policy warns of starts covered.")
        )
    if floor.blur > 1:
        asked.append(
            translate("PolicyWords", "Covers have a strength of at least {blur} of 10.").format(
                blur=floor.blur
            )
        )
    if floor.greyscale:
        asked.append(translate("PolicyWords", "Images are shown without colour."))
    return asked


def consequences(reason: Reason) -> str:
    """What follows from a rejection for this reason, beside the rejection."""
    found = []
    if reason.technical:
        found.append(translate("PolicyWords", "the form is refused, not what is shown"))
    if reason.protect:
        found.append(translate("PolicyWords", "the image is covered from then on"))
    if reason.purge:
        found.append(translate("PolicyWords", "every copy on this machine is destroyed"))
    if reason.escalate:
        found.append(translate("PolicyWords", "it is asked for twice and ends in what to do next"))
    if not reason.bulk:
        found.append(translate("PolicyWords", "never given to many images at once"))
    text = "; ".join(found)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def statement(reason: Reason) -> str:
    """How the reason is told to the EU transparency database."""
    if not reason.sor:
        return translate("PolicyWords", "No statement of reasons.")
    words = f" ({', '.join(map(_plain, reason.keywords))})" if reason.keywords else ""
    return translate("PolicyWords", "Statement of reasons: {category}.").format(
        category=_plain(reason.category) + words
    )


def _plain(name: str) -> str:
    if name == "OTHER_VIOLATION_TC":
        return translate("PolicyWords", "other violation of the terms")
    return name.replace("_", " ").lower()
