from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from helpers.assets import REJECT, draft_for, make_asset
from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.decisions import (
    GENESIS_HASH,
    Decision,
    DecisionDraft,
    Verdict,
    canonical,
    chain_hash,
    first_break,
)

AT = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


def chain(count: int) -> list[Decision]:
    decisions: list[Decision] = []
    previous = GENESIS_HASH
    for number in range(1, count + 1):
        draft = draft_for(make_asset(number))
        digest = chain_hash(previous, f"{number:032x}", AT, draft)
        decisions.append(Decision(f"{number:032x}", number, AT, draft, previous, digest))
        previous = digest
    return decisions


def test_a_whole_chain_has_no_break() -> None:
    assert first_break([]) is None
    assert first_break(chain(5)) is None


def test_a_changed_verdict_shows() -> None:
    rows = chain(5)
    rows[2] = replace(rows[2], draft=replace(rows[2].draft, verdict=REJECT))
    found = first_break(rows)
    assert found is not None
    assert (found.sequence, found.reason) == (3, "its content was changed")


def test_a_removed_row_shows() -> None:
    rows = chain(5)
    del rows[1]
    found = first_break(rows)
    assert found is not None
    assert found.sequence == 3


def test_two_rows_that_changed_places_show() -> None:
    rows = chain(5)
    rows[1], rows[2] = rows[2], rows[1]
    assert first_break(rows) is not None


def test_a_row_rewritten_with_a_fitting_hash_shows_in_the_next() -> None:
    rows = chain(3)
    draft = replace(rows[1].draft, verdict=REJECT)
    digest = chain_hash(rows[1].prev_hash, rows[1].decision_id, AT, draft)
    rows[1] = replace(rows[1], draft=draft, hash=digest)
    found = first_break(rows)
    assert found is not None
    assert found.sequence == 3


drafts = st.builds(
    DecisionDraft,
    ref=st.builds(
        AssetRef,
        st.sampled_from(["image", "video"]),
        st.sampled_from(["upload", "private"]),
        st.text(max_size=6),
    ),
    verdict=st.sampled_from(Verdict),
    actor=st.text(max_size=4),
    note=st.none() | st.text(max_size=6),
    version=st.none() | st.integers(0, 3),
    expected=st.frozensets(st.sampled_from(ModerationStatus), max_size=3),
    decided_offline=st.booleans(),
)


@given(drafts, drafts)
def test_two_different_decisions_never_have_one_form(
    one: DecisionDraft, other: DecisionDraft
) -> None:
    same = canonical("id", AT, one) == canonical("id", AT, other)
    assert same == (one == other)


def test_the_form_of_a_decision_does_not_change_between_releases() -> None:
    draft = replace(draft_for(make_asset(1)), note="naïve “quote”")
    assert canonical("0" * 32, AT, draft).decode() == (
        '{"action":"decide","actor":"mod","asset_id":"id-of-photos/0001",'
        '"at_us":1767258000000000,"batch_id":null,"decided_offline":false,'
        '"decision_id":"00000000000000000000000000000000","dwell_ms":0,"expected":["pending"],'
        '"kind":"manual","note":"naïve “quote”","policy_version":null,"public_id":"photos/0001",'
        '"reason_code":null,"refers_to":null,"resource_type":"image","reveal":"unprotected",'
        '"reveal_ms":0,"status_seen":"pending","type":"upload","verdict":"approve","version":1}'
    )
