import json

import pytest

from modstation.app.unattended import opened_store
from modstation.core.assets import ModerationStatus
from modstation.core.outbox import OperationState


def unsent(shell):
    with opened_store(shell.home.account("work")) as store:
        return store.operations({OperationState.HELD, OperationState.READY})


def test_an_idle_desk_is_done(desk):
    ran = desk("status", "--json")

    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["waiting"], told["unsent"], told["account"]) == (2, 0, "work")


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
