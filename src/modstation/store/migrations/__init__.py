"""The schema of the station's database, a module a step; nothing it imports can ever change.

A released step is never edited: a change of the schema is a new module at the end of ``STEPS``, a
new ``SCHEMA_VERSION`` and a frozen database under tests/migrations/frozen.
"""

from __future__ import annotations

from sqlite_utils.migrations import Migrations

from modstation.store.migrations import (
    m001_first_schema,
    m002_problems_of_one_upload,
    m003_steps_of_many,
    m004_lists_and_orders,
    m005_fingerprints,
    m006_given_reasons,
    m007_copies_together,
    m008_left_before,
    m009_steps_without_words,
    m010_held_elsewhere,
)

STEPS = (
    m001_first_schema,
    m002_problems_of_one_upload,
    m003_steps_of_many,
    m004_lists_and_orders,
    m005_fingerprints,
    m006_given_reasons,
    m007_copies_together,
    m008_left_before,
    m009_steps_without_words,
    m010_held_elsewhere,
)

station_schema = Migrations("station")
for step in STEPS:
    # Databases note the steps they have seen by these names.
    station_schema(name=step.__name__.rpartition(".")[2])(step.apply)
