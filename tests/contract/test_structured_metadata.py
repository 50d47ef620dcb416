"""Structured metadata as a site defines and writes it with the official SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService

bad = cloudinary.exceptions.BadRequest
COLOURS = [
    {"external_id": "red", "value": "Red"},
    {"external_id": "blue", "value": "Blue"},
    {"value": "Any other"},
]


def field(name: str, kind: str = "string", **definition: Any) -> dict[str, Any]:
    given = {"external_id": name, "label": name.title(), "type": kind} | definition
    return dict(cloudinary.api.add_metadata_field(given))


def upload(name: str, **options: Any) -> dict[str, Any]:
    return dict(cloudinary.uploader.upload(picture(), public_id=name, **options))


def values_of(name: str) -> dict[str, Any]:
    return dict(cloudinary.api.resource(name)["metadata"])


@pytest.fixture
def shop(service: LiveService) -> LiveService:
    field("title", validation={"type": "strlen", "min": 2, "max": 20})
    field("stock", "integer", validation={"type": "less_than", "equals": True, "value": 50})
    field("taken", "date")
    field("colour", "enum", datasource={"values": COLOURS})
    field("colours", "set", datasource={"values": COLOURS})
    return service


def test_a_field_is_defined_read_changed_and_deleted(service: LiveService) -> None:
    made = field("sku", restrictions={"readonly_ui": True}, mandatory=False, default_disabled=True)
    assert (made["type"], made["label"], made["mandatory"]) == ("string", "Sku", False)
    assert (made["default_value"], made["validation"]) == (None, None)
    assert made["restrictions"]["readonly_ui"] is True
    assert cloudinary.api.metadata_field_by_field_id("sku") == made
    changed = cloudinary.api.update_metadata_field(
        "sku", {"external_id": "x", "type": "integer", "label": "New", "default_value": "one"}
    )
    assert (changed["external_id"], changed["type"]) == ("sku", "string")
    assert (changed["label"], changed["default_value"]) == ("New", "one")
    assert cloudinary.api.list_metadata_fields()["metadata_fields"] == [changed]
    assert cloudinary.api.delete_metadata_field("sku")["message"] == "ok"
    assert cloudinary.api.list_metadata_fields()["metadata_fields"] == []
    with pytest.raises(cloudinary.exceptions.NotFound, match="External ID sku doesn't exist"):
        cloudinary.api.metadata_field_by_field_id("sku")


def test_what_cannot_be_a_field_is_refused(service: LiveService) -> None:
    field("taken")
    rule = {"type": "less_than", "equals": True, "value": 5}
    for message, definition in (
        ("external_id taken already exists", {"external_id": "taken"}),
        ("Missing required parameter - label", {"label": ""}),
        ("Invalid value colour for parameter type", {"type": "colour"}),
        ("Missing required parameter - datasource", {"type": "enum"}),
        ("none for type string", {"datasource": {"values": COLOURS}}),
        ("parameter validation", {"validation": rule}),
        ("Value 6 is invalid", {"type": "integer", "validation": rule, "default_value": 6}),
        ("default_value is required", {"mandatory": True}),
        ("does not support it", {"allow_dynamic_list_values": True}),
    ):
        given = {"external_id": "f", "label": "F", "type": "string"} | definition
        with pytest.raises(bad, match=message):
            cloudinary.api.add_metadata_field(given)
    assert len(cloudinary.api.list_metadata_fields()["metadata_fields"]) == 1


def test_a_datasource_is_changed_entry_by_entry(shop: LiveService) -> None:
    values = cloudinary.api.update_metadata_field_datasource(
        "colour", [{"external_id": "red", "value": "Crimson"}]
    )["values"]
    assert values[0] == {"external_id": "red", "value": "Crimson"}
    assert len(values) == 3
    left = cloudinary.api.delete_datasource_entries("colour", ["red"])["values"]
    assert [entry["value"] for entry in left] == ["Blue", "Any other"]
    with pytest.raises(bad, match="Value red is invalid for metadata field colour"):
        upload("a", metadata={"colour": "red"})
    assert len(cloudinary.api.restore_metadata_field_datasource("colour", ["red"])["values"]) == 3
    assert upload("a", metadata={"colour": "red"})["metadata"]["colour"] == "red"
    ordered = cloudinary.api.reorder_metadata_field_datasource("colour", "value")["values"]
    assert [entry["value"] for entry in ordered] == ["Any other", "Blue", "Crimson"]
    ordered = cloudinary.api.reorder_metadata_field_datasource("colour", "value", "desc")["values"]
    assert [entry["value"] for entry in ordered] == ["Crimson", "Blue", "Any other"]
    with pytest.raises(bad, match="Datasource entry green does not exist"):
        cloudinary.api.delete_datasource_entries("colour", ["green"])


def test_fields_are_put_into_another_order(shop: LiveService) -> None:
    def order(*asked: str) -> list[str]:
        answer = cloudinary.api.reorder_metadata_fields(*asked)["metadata_fields"]
        listed = cloudinary.api.list_metadata_fields()["metadata_fields"]
        assert answer == listed
        return [each["external_id"] for each in listed]

    assert order("external_id") == ["colour", "colours", "stock", "taken", "title"]
    assert order("label", "desc")[0] == "title"
    with pytest.raises(bad, match="Invalid value x for parameter order_by"):
        order("x")


def test_values_are_written_at_every_call_that_takes_them(shop: LiveService) -> None:
    made = upload("a", metadata={"title": "One=two|three", "stock": 3})
    assert made["metadata"] == {"title": "One=two|three", "stock": 3}
    cloudinary.uploader.explicit(
        "a", type="upload", metadata={"taken": "2026-02-28", "colours": ["red", "blue"]}
    )
    cloudinary.api.update("a", metadata={"colour": "blue"})
    expected = {
        "title": "One=two|three",
        "stock": 3,
        "taken": "2026-02-28",
        "colours": ["red", "blue"],
        "colour": "blue",
    }
    assert values_of("a") == expected
    upload("b")
    changed = cloudinary.uploader.update_metadata({"stock": 50, "colour": ""}, ["a", "b", "none"])
    assert changed["public_ids"] == ["a", "b"]
    assert values_of("b") == {"stock": 50}
    del expected["colour"]
    assert values_of("a") == expected | {"stock": 50}
    listed = cloudinary.api.resources(metadata=True)["resources"]
    assert {item["public_id"]: item["metadata"]["stock"] for item in listed} == {"a": 50, "b": 50}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nothing": "x"}, r'The following metadata fields do not exist: \["nothing"\]'),
        ({"title": "x"}, "Value x is invalid for metadata field title"),
        ({"stock": "many"}, "Value many is invalid for metadata field stock"),
        ({"stock": 51}, "Value 51 is invalid for metadata field stock"),
        ({"taken": "2026-02-30"}, "Value 2026-02-30 is invalid for metadata field taken"),
        ({"taken": "today"}, "is invalid for metadata field taken"),
        ({"colour": "green"}, "Value green is invalid for metadata field colour"),
        ({"colours": ["red", "green"]}, "is invalid for metadata field colours"),
    ],
)
def test_values_a_field_does_not_take_are_refused_everywhere(
    shop: LiveService, given: dict[str, Any], message: str
) -> None:
    upload("a", metadata={"stock": 1})
    for change in (
        lambda: upload("new", metadata=given),
        lambda: cloudinary.uploader.explicit("a", type="upload", metadata=given),
        lambda: cloudinary.api.update("a", metadata=given),
        lambda: cloudinary.uploader.update_metadata(given, ["a"]),
        lambda: cloudinary.uploader.update_metadata(given, ["none"]),
    ):
        with pytest.raises(bad, match=message):
            change()
    assert shop.statuses() == {"a": None}
    assert values_of("a") == {"stock": 1}


def test_a_mandatory_field_has_its_default_and_is_never_cleared(service: LiveService) -> None:
    field("licence", mandatory=True, default_value="all rights")
    assert upload("a")["metadata"] == {"licence": "all rights"}
    with pytest.raises(bad, match="Metadata field licence is mandatory"):
        cloudinary.uploader.update_metadata({"licence": ""}, ["a"])
