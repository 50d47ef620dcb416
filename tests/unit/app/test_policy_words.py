from __future__ import annotations

import pytest

from modstation.app.policy_words import consequences, policy_asks, statement
from modstation.core.policy import Policy, Reason
from modstation.core.protection import Floor, Protection


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        (Policy("1", "", ()), []),
        (Policy("1", "", (), require_reveal_to_approve=False), ["without a look"]),
        (Policy("1", "", (), protect_all=True), ["unless you chose never"]),
        (
            Policy("1", "", (), protect_all=True, floor=Floor(Protection.ALWAYS, 3)),
            ["Every image starts covered.", "at least 3 of 10"],
        ),
        (
            Policy("1", "", (), require_reason=True, floor=Floor(Protection.AUTO, 1, True)),
            ["needs a reason", "warns of starts covered", "without colour"],
        ),
    ],
)
def test_what_a_policy_asks_for_is_said_in_sentences(policy: Policy, asked: list[str]) -> None:
    said = policy_asks(policy)
    assert len(said) == len(asked)
    assert all(part in sentence for part, sentence in zip(asked, said, strict=True))


def test_what_follows_from_a_reason_is_one_sentence() -> None:
    assert consequences(Reason("c", "T")) == ""
    both = Reason("c", "T", technical=True, protect=True)
    assert consequences(both) == (
        "The form is refused, not what is shown; the image is covered from then on."
    )
    assert consequences(Reason("c", "T", purge=True, escalate=True, bulk=False)).count(";") == 2


def test_a_statement_names_category_and_keywords_in_plain_words() -> None:
    reason = Reason("c", "T", category="SELF_HARM", keywords=("SUICIDE", "OTHER"), sor=True)
    assert statement(reason) == "Statement of reasons: self harm (suicide, other)."
    assert statement(Reason("c", "T", category="SELF_HARM")) == "No statement of reasons."
