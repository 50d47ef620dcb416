import json
from dataclasses import replace

import pytest

from helpers.assets import draft_for
from modstation.app.unattended import opened_store
from modstation.core.assets import ModerationStatus
from modstation.core.clock import SystemClock
from modstation.core.errors import AssetGone
from modstation.core.outbox import Failed, OperationState
from modstation.core.settling import settle


def unsent(shell):
    with opened_store(shell.home.account("work")) as store:
        return store.operations({OperationState.HELD, OperationState.READY})


def test_an_idle_desk_is_done(desk):
    ran = desk("status", "--json")

    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["waiting"], told["unsent"], told["account"]) == (2, 0, "work")


def test_status_names_what_comes_next_so_that_it_can_be_decided(desk):
    assert json.loads(desk("status", "--next", "1", "--json").out)["next"] == ["album/cat"]

    shown = desk("status", "--next", "5").out

    assert shown.index("album/cat") < shown.index("dog")
    assert desk("status", "--next", "201").code == 2


def test_an_unsent_decision_makes_status_end_with_3(desk):
    assert desk("decide", "dog", "approve").code == 0

    ran = desk("status", "--json")

    assert ran.code == 3
    assert json.loads(ran.out)["unsent"] == 1
    assert desk("status").code == 3


def test_a_decision_is_stored_with_actor_reason_and_note(desk):
    desk.home.settings_file.write_text('actor = "Ana"\n')

    ran = desk("decide", "album/cat", "reject", "--reason", "nudity", "--note", "see rule 1")

    assert ran.code == 0
    assert "rejected (Nudity)" in ran.out
    assert "modstation push" in ran.out
    [operation] = unsent(desk)
    assert operation.target is ModerationStatus.REJECTED
    with opened_store(desk.home.account("work")) as store:
        [decision] = store.iterate_decisions()
    assert decision.draft.actor == "Ana"
    assert decision.draft.reason_code == "nudity"
    assert decision.draft.note == "see rule 1"


def test_the_newest_choice_replaces_the_one_before(desk):
    desk("decide", "dog", "approve")
    desk("decide", "dog", "reject")

    [operation] = unsent(desk)
    assert operation.target is ModerationStatus.REJECTED


@pytest.mark.parametrize("public_id", ["cat", "album", "album/cat.jpg", "", "image/upload/dog"])
def test_an_unknown_image_is_said_and_nothing_is_stored(desk, public_id):
    ran = desk("decide", public_id, "approve")

    assert ran.code == 1
    assert "no image" in ran.err
    assert unsent(desk) == []


def test_an_unknown_reason_is_answered_with_the_known_ones(desk):
    ran = desk("decide", "dog", "reject", "--reason", "ugly")

    assert ran.code == 1
    assert "nudity" in ran.err
    assert unsent(desk) == []


def test_an_approval_has_no_reason(desk):
    assert desk("decide", "dog", "approve", "--reason", "nudity").code == 1


def test_the_policy_may_want_a_reason(desk):
    desk.home.policy_file.write_text(
        '[policy]\nversion="1"\nrequire_reason=true\n[[reason]]\ncode="a"\ntitle="A"\n'
    )

    assert desk("decide", "dog", "reject").code == 1
    assert desk("decide", "dog", "reject", "--reason", "a").code == 0
    assert desk("decide", "album/cat", "approve").code == 0


def test_an_id_that_stands_for_two_images_must_be_told_apart(desk, refill):
    refill(["twin"], ("upload", "private"))

    unclear = desk("decide", "twin", "approve")
    clear = desk("decide", "twin", "approve", "--type", "private")

    assert unclear.code == 1
    assert "--type" in unclear.err
    assert clear.code == 0
    assert [operation.ref.delivery_type for operation in unsent(desk)] == ["private"]


def test_a_grave_reason_is_confirmed_and_destroys_the_cached_picture(
    desk, keep_picture, kept_pictures
):
    desk.home.policy_file.write_text(
        '[policy]\nversion="1"\n[[reason]]\ncode="grave"\ntitle="Grave"\nrule="Tell the desk."\n'
        "purge=true\nescalate=true\n"
    )
    keep_picture("image/upload/dog")

    refused = desk("decide", "dog", "reject", "--reason", "grave")
    assert refused.code == 1
    assert unsent(desk) == []

    ran = desk("decide", "dog", "reject", "--reason", "grave", "--yes")

    assert ran.code == 0
    assert "Tell the desk." in ran.out
    assert kept_pictures() == 0
    keep_picture("image/upload/dog")
    assert kept_pictures() == 0


def test_what_oneself_left_to_somebody_else_is_decided_only_after_a_yes(desk):
    desk.home.settings_file.write_text('actor = "Ana"\n')
    with opened_store(desk.home.account("work")) as store:
        entry = store.entry("image/upload/dog")
        assert entry is not None
        store.escalate(draft_for(entry.asset, actor="Ana"))

    refused = desk("decide", "dog", "reject")
    assert refused.code == 1
    assert unsent(desk) == []

    assert desk("decide", "dog", "reject", "--yes").code == 0
    assert len(unsent(desk)) == 1


def test_status_counts_the_queue_that_is_named(desk, refill):
    assert json.loads(desk("status", "--kind", "webpurify", "--json").out)["waiting"] == 0
    assert json.loads(desk("status", "--status", "rejected", "--json").out)["waiting"] == 0
    assert json.loads(desk("status", "--kind", "manual", "--json").out)["waiting"] == 2
    both = json.loads(desk("status", "--kind", "webpurify, manual", "--json").out)
    assert (both["waiting"], both["kind"]) == (2, "webpurify,manual")


def test_the_kinds_of_the_settings_count_unless_others_are_named(desk):
    desk.home.settings_file.write_text('kinds = "webpurify"\n', encoding="utf-8")
    assert json.loads(desk("status", "--json").out)["kind"] == "webpurify"
    assert json.loads(desk("status", "--kind", "manual", "--json").out)["kind"] == "manual"


def test_no_kind_at_all_is_a_mistake_in_words(desk):
    ran = desk("status", "--kind", " , ")
    assert ran.code == 2
    assert "names no moderation kind" in ran.err


@pytest.mark.parametrize("status", [ModerationStatus.QUEUED, ModerationStatus.ABORTED])
def test_what_an_earlier_moderation_has_not_answered_cannot_be_decided(desk, status):
    with opened_store(desk.home.account("work")) as store:
        asset = store.entry("image/upload/dog").asset
        store.upsert_asset(replace(asset, status=status))

    ran = desk("decide", "dog", "approve")

    assert ran.code == 1
    assert "earlier moderation" in ran.err
    assert unsent(desk) == []


def test_a_stuck_decision_can_be_given_up(desk):
    desk("decide", "dog", "approve")
    with opened_store(desk.home.account("work")) as store:
        now = SystemClock().now()
        [row] = store.claim(1, now)
        gone = settle(row, Failed(AssetGone("The service has no such image.")), now=now)
        store.apply(row.operation_id, gone, now=now)
    ran = desk("status")
    assert ran.code == 3
    assert row.operation_id in ran.out

    assert "0 left" in desk("drop", row.operation_id, "--note", "deleted").out
    assert desk("status").code == 0
    assert desk("drop", row.operation_id).code == 1
    with opened_store(desk.home.account("work")) as store:
        assert [d.draft.note for d in store.iterate_decisions()] == [None, "deleted"]


def test_what_is_posted_cannot_be_dropped(desk):
    assert "no unsent decision" in desk("drop", "nothing").err
