import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.app.keymaps import load_keymap
from modstation.app.paths import home_at
from modstation.app.setting_table import setting_table
from modstation.app.settings import Settings
from modstation.app.settings_file import (
    change_settings,
    load_settings,
    parse_settings,
    save_settings,
)
from modstation.app.toml_text import toml_lines, with_values
from modstation.core.errors import SettingsError
from modstation.core.protection import Protection


@pytest.fixture
def home(tmp_path):
    return home_at(tmp_path)


def test_without_a_file_the_defaults_count_and_nothing_is_wrong(home):
    assert load_settings(home) == (Settings(), [])


def test_every_setting_has_a_sentence_a_default_and_allowed_values():
    table = setting_table()

    assert list(table) == list(Settings.__struct_fields__)
    assert all(info.description.endswith(".") for info in table.values())
    assert all(info.allowed for info in table.values())
    assert table["hold_seconds"].default == 10.0


def test_what_is_saved_is_what_is_loaded(home):
    chosen = Settings(hold_seconds=0, theme="dark", actor='O"Neil \\ é\n\x7f', greyscale=True)

    save_settings(home, chosen)

    assert load_settings(home) == (chosen, [])
    assert "# Seconds a decision is held" in home.settings_file.read_text(encoding="utf-8")


def test_only_what_differs_from_the_defaults_is_written(home):
    save_settings(home, Settings(blur=3))

    assert tomllib.loads(home.settings_file.read_text()) == {"blur": 3}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("hold_seconds = 301", ["hold_seconds", "0", "300", "301"]),
        ("hold_seconds = nan", ["hold_seconds"]),
        ("protection = 'sometimes'", ["protection", "always", "auto", "never"]),
        ("theme = 5", ["theme", "dark", "light", "system"]),
        ("greyscale = 'yes'", ["greyscale", "true or false"]),
        ("protecton = 'always'", ["protecton", "protection"]),
        ("this is not TOML", ["not valid TOML"]),
    ],
)
def test_a_fault_is_named_with_file_key_and_allowed_values_and_covers_every_image(text, named):
    settings, problems = parse_settings(text, source="settings.toml")

    assert settings.protection is Protection.ALWAYS
    assert len(problems) == 1
    for part in ["settings.toml", *named]:
        assert part in problems[0]


def test_one_fault_leaves_the_other_settings_as_they_were_chosen():
    settings, problems = parse_settings("blur = 99\nhold_seconds = 3\n", source="s")

    assert settings.hold_seconds == 3
    assert settings.blur == Settings().blur
    assert len(problems) == 1


def test_a_file_that_is_not_text_covers_every_image(home):
    home.create()
    home.settings_file.write_bytes(b"\xff\xfe\x00")

    settings, problems = load_settings(home)

    assert settings.protection is Protection.ALWAYS
    assert "UTF-8" in problems[0]


def test_saving_keeps_a_faulty_file_beside(home):
    home.create()
    home.settings_file.write_text("blurr = 3")

    save_settings(home, Settings(blur=4))

    assert load_settings(home) == (Settings(blur=4), [])
    assert (home.config / "settings.toml.faulty").read_text() == "blurr = 3"


def test_a_value_outside_its_limits_is_never_saved(home):
    with pytest.raises(SettingsError):
        save_settings(home, msgspec.structs.replace(Settings(), blur=99))

    assert not home.settings_file.exists()


def test_the_actor_is_the_login_name_unless_one_is_set():
    assert Settings(actor=" Ana ").actor_name == "Ana"
    assert Settings().actor_name


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.text(st.characters(exclude_categories=["Cs"]))
        | st.integers(-(2**60), 2**60)
        | st.booleans()
        | st.floats(allow_nan=False),
    )
)
def test_every_flat_table_survives_being_written_as_toml(table):
    assert tomllib.loads(toml_lines(table)) == table


def test_the_shipped_keymap_has_no_fault(home):
    keymap, problems = load_keymap(home, Settings())

    assert problems == []
    assert "A" in keymap.keys_for("approve")


def test_own_keys_are_laid_over_the_shipped_ones(home):
    home.create()
    home.keymap_file.write_text('[keymap]\nname = "mine"\n[keys]\napprove = "Y"\n')

    keymap, problems = load_keymap(home, Settings())

    assert problems == []
    assert keymap.keys_for("approve") == ("Y",)
    assert keymap.keys_for("reject") == load_keymap(home_at(home.log), Settings())[0].keys_for(
        "reject"
    )


@pytest.mark.parametrize(
    "line", ['reject = "A"', 'approve = "Enter"', 'no-such-command = "Y"', "approve = 5"]
)
def test_a_keymap_with_any_fault_is_left_aside_as_a_whole(home, line):
    home.create()
    home.keymap_file.write_text(f'[keys]\nskip = "Y"\n{line}\n')

    keymap, problems = load_keymap(home, Settings())

    assert "Y" not in keymap.keys_for("skip")
    assert str(home.keymap_file) in problems[0]


def test_a_change_leaves_what_somebody_wrote_around_it(home):
    home.create()
    home.settings_file.write_text(
        "# Ana's desk\nblur = 3   # after lunch\n\nhold_seconds = 5\n", encoding="utf-8"
    )

    change_settings(home, {"blur": 7, "greyscale": True})

    text = home.settings_file.read_text(encoding="utf-8")
    assert text.startswith("# Ana's desk\nblur = 7   # after lunch\n\nhold_seconds = 5\n")
    assert load_settings(home) == (Settings(blur=7, hold_seconds=5, greyscale=True), [])


def test_a_change_that_no_line_can_take_is_written_all_the_same(home):
    home.create()
    home.settings_file.write_text('"blur" = 3\nactor = """\nblur = 5"""\n', encoding="utf-8")

    change_settings(home, {"blur": 7})

    assert load_settings(home) == (Settings(blur=7, actor="blur = 5"), [])


NAMES = st.sampled_from(["blur", "greyscale", "actor", "x"])
SCALARS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.booleans()


@given(
    st.dictionaries(NAMES, SCALARS), st.dictionaries(NAMES, SCALARS), st.sampled_from(["# a", ""])
)
def test_other_values_are_put_into_any_text_or_into_none(before, values, remark):
    text = toml_lines(before) + remark

    after = with_values(text, values)

    assert after is not None
    assert tomllib.loads(after) == {**before, **values}
    assert remark in after
