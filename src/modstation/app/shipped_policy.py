"""The shipped policy in the language in use; a site's own policy is shown as the site wrote it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modstation.core.language import noted, translate

if TYPE_CHECKING:
    from modstation.core.policy import Policy, Reason

# resources/policies/default.toml, which lupdate cannot read; a test compares.
TEXTS = frozenset(
    {
        noted("Policy", "Default policy"),
        noted("Policy", "Nudity"),
        noted(
            "Policy",
            "Bare genitals, buttocks or female nipples outside medicine, breast-feeding and art.",
        ),
        noted("Policy", "A mother who nurses her child"),
        noted("Policy", "A marble statue"),
        noted("Policy", "A scar after surgery"),
        noted("Policy", "A nude selfie"),
        noted("Policy", "A see-through dress that hides nothing"),
        noted("Policy", "Adult sexual content"),
        noted(
            "Policy", "Sexual acts, arousal or services, shown or offered, photographed or drawn."
        ),
        noted("Policy", "A couple who kiss"),
        noted("Policy", "Swimwear on a beach"),
        noted("Policy", "A sexual act, also drawn"),
        noted("Policy", "An offer of sexual services"),
        noted("Policy", "Graphic violence"),
        noted(
            "Policy",
            "Open wounds, corpses, torture or cruelty to animals, shown to shock or to praise.",
        ),
        noted("Policy", "A news photo of smoke over a town"),
        noted("Policy", "A bandaged hand"),
        noted("Policy", "An open wound in close-up"),
        noted("Policy", "An animal that is being beaten"),
        noted("Policy", "Hate"),
        noted(
            "Policy",
            "Attacks on people for what they are; symbols of hate groups without news or teaching.",
        ),
        noted("Policy", "A museum display of a banned flag"),
        noted("Policy", "A photo from a history lesson"),
        noted("Policy", "A slur over somebody’s portrait"),
        noted("Policy", "A salute in front of a banned symbol"),
        noted("Policy", "Self-harm"),
        noted("Policy", "Self-injury, suicide or eating disorders, shown, praised or taught."),
        noted("Policy", "The number of a helpline"),
        noted("Policy", "Old scars in a story of recovery"),
        noted("Policy", "Fresh cuts"),
        noted("Policy", "Praise of starving"),
        noted("Policy", "Drugs, weapons, banned goods"),
        noted(
            "Policy",
            "Offers or praise of drugs, weapons, wildlife or anything else that may not be sold.",
        ),
        noted("Policy", "A kitchen knife in a cookery class"),
        noted("Policy", "A glass of wine"),
        noted("Policy", "Pills with a price"),
        noted("Policy", "A pistol for sale"),
        noted("Policy", "Scam, phishing, impersonation"),
        noted("Policy", "Fake profiles, offers or sign-in pages; codes and links made to deceive."),
        noted("Policy", "A shop’s own advertisement"),
        noted("Policy", "A code on a poster of a known event"),
        noted("Policy", "A copied sign-in page"),
        noted("Policy", "A giveaway in a celebrity’s name"),
        noted("Policy", "Copyright or trademark"),
        noted(
            "Policy",
            "Someone else's work or mark: visible watermark, screenshot of a shop,"
            " counterfeit goods.",
        ),
        noted("Policy", "A photo of the goods by their seller"),
        noted("Policy", "A parody that is plainly one"),
        noted("Policy", "A stock photo with its watermark"),
        noted("Policy", "A handbag with a false label"),
        noted("Policy", "Personal data exposed"),
        noted(
            "Policy",
            "Readable papers, cards, number plates, addresses or medical records of a person.",
        ),
        noted("Policy", "A face in a crowd"),
        noted("Policy", "A number plate that cannot be read"),
        noted("Policy", "A passport"),
        noted("Policy", "A letter with name and address"),
        noted("Policy", "Quality, off-topic, other"),
        noted(
            "Policy",
            "Unusable, a duplicate, out of place, or against a rule that has no key of its own.",
        ),
        noted("Policy", "A dark photo that can still be made out"),
        noted("Policy", "Nothing but blur"),
        noted("Policy", "The same photo for the third time"),
        noted("Policy", "A screenshot of a menu"),
        noted("Policy", "Intimate image without consent"),
        noted(
            "Policy",
            "A real or faked intimate image of someone who, as far as can be seen, did not agree.",
        ),
        noted("Policy", "A hidden camera"),
        noted("Policy", "A face put on somebody else’s body"),
        noted("Policy", "Suspected child abuse"),
        noted(
            "Policy",
            "Anything that may sexualise or abuse a child. Do not copy, share or"
            " describe it; escalate.",
        ),
        noted("Policy", "Terrorist content"),
        noted(
            "Policy",
            "Propaganda, recruitment, instructions or praise of attacks by a terrorist group.",
        ),
        noted("Policy", "A news photo of an attack"),
        noted("Policy", "A recruiting poster"),
        noted("Policy", "Instructions for a weapon"),
    }
)


def in_language(policy: Policy) -> Policy:
    """The shipped policy with its texts translated; codes, keys and rules stay."""
    return replace(
        policy,
        title=translate("Policy", policy.title),
        reasons=tuple(map(_reason, policy.reasons)),
    )


def _reason(reason: Reason) -> Reason:
    return replace(
        reason,
        title=translate("Policy", reason.title),
        rule=translate("Policy", reason.rule),
        good=tuple(translate("Policy", example) for example in reason.good),
        bad=tuple(translate("Policy", example) for example in reason.bad),
    )
