from __future__ import annotations

import pytest

from modstation.service.faults import BadRequest
from modstation.service.moderation.states import begin
from modstation.service.moderation.values import ADD_ONS, read_values

ALL = frozenset(ADD_ONS)
OFFERED = frozenset({"manual", "webpurify"})


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("manual", "manual:pending"),
        ("webpurify", "webpurify:pending"),
        ("webpurify|manual", "webpurify:pending manual:queued"),
        ("manual|webpurify", "webpurify:pending manual:queued"),
        ("manual|manual", "manual:pending"),
        (" webpurify | manual ", "webpurify:pending manual:queued"),
        (
            "duplicate:0.8|aws_rek:violence:ignore|manual|webpurify",
            "duplicate:pending aws_rek:queued webpurify:queued manual:queued",
        ),
    ],
)
def test_the_first_moderation_is_pending_and_the_rest_wait(requested: str, expected: str) -> None:
    asked = read_values(requested, resource_type="image", available=ALL)
    begun = begin([one.kind for one in asked])
    assert " ".join(f"{entry.kind}:{entry.status}" for entry in begun) == expected


@pytest.mark.parametrize(
    ("requested", "resource_type"),
    [
        ("nonsense", "image"),
        ("", "image"),
        ("manual:0.5", "image"),
        ("webpurify:strict", "image"),
        ("perception_point:1", "raw"),
        ("aws_rek:explicit", "image"),
        ("aws_rek:violence:1.5", "image"),
        ("aws_rek:", "image"),
        ("aws_rek", "video"),
        ("duplicate", "image"),
        ("duplicate:", "image"),
        ("duplicate:2", "image"),
        ("duplicate:0.5", "raw"),
        ("google_video_moderation:perhaps", "video"),
        ("google_video_moderation", "image"),
        ("aws_rek_video", "image"),
    ],
)
def test_a_value_that_means_nothing_is_refused(requested: str, resource_type: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        read_values(requested, resource_type=resource_type, available=ALL)
    assert str(refusal.value) == f"Moderation {requested} moderation is not valid"


def test_two_limits_for_one_kind_contradict_each_other() -> None:
    with pytest.raises(BadRequest, match=r"Moderation duplicate:0\.9 moderation is not valid"):
        read_values("duplicate:0.8|duplicate:0.9", resource_type="image", available=ALL)


@pytest.mark.parametrize(
    ("requested", "resource_type", "name"),
    [
        ("aws_rek:violence:0.5", "image", "Amazon Rekognition AI Moderation"),
        ("manual|duplicate:0.9", "image", "Cloudinary Duplicate Image Detection"),
        ("perception_point", "raw", "Perception Point Malware Detection"),
        ("google_video_moderation:likely", "video", "Google AI Video Moderation"),
        ("aws_rek_video:explicit:0.7", "video", "Amazon Rekognition Video Moderation"),
        ("metascan", "raw", "MetaDefender Anti-Malware Protection"),
    ],
)
def test_a_moderation_we_do_not_offer_is_refused_by_its_name(
    requested: str, resource_type: str, name: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        read_values(requested, resource_type=resource_type, available=OFFERED)
    assert str(refusal.value) == f"You don't have an active subscription for {name}"


def test_a_list_without_end_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadRequest) as refusal:
        read_values("manual|" * 5000, resource_type="image", available=ALL)
    assert len(str(refusal.value)) < 300
