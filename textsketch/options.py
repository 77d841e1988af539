"""Options that belong to one row of a table: a frozen dataclass a row, its fields made by `option`.

The command line, the page and the calls in Python read the same fields, so a row brings its options along.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from textsketch.errors import TextsketchError

Options = TypeVar("Options")

_PREFIX = "option:"


@dataclasses.dataclass(frozen=True)
class NoOptions:
    """The options of what has none."""


def option(
    default: bool | int | float | str, summary: str, *, least: float | None = None, most: float | None = None
) -> Any:
    """A field of an options dataclass. summary: for people. least, most: of a number, for people and sliders."""
    return dataclasses.field(default=default, metadata={"summary": summary, "least": least, "most": most})


def fill(owner: str, kind: type[Options], given: Mapping[str, object]) -> Options:
    """The options of `owner`, a dataclass `kind`, with what is `given`.

    Raises TextsketchError for an option that `owner` does not have, or that is of another type than its default.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values = {}
    for name, value in given.items():
        if name not in fields:
            known = f"it takes {', '.join(fields)}" if fields else "it has no options"
            raise TextsketchError(f"{owner} does not take the option {name}; {known}")
        wanted = type(fields[name].default)
        if wanted in (int, float) and isinstance(value, int | float) and value == wanted(value):
            value = value if isinstance(value, bool) else wanted(value)
        if type(value) is not wanted:
            raise TextsketchError(f"the option {name} of {owner} takes {_WORDS[wanted]}, not {value!r}")
        values[name] = value
    return kind(**values)


def add_arguments(parser: argparse.ArgumentParser, kinds: Mapping[str, type]) -> None:
    """Give `parser` an argument for every option of `kinds`, by the title of who takes it; see `given`."""
    owners: dict[str, list[str]] = {}
    fields: dict[str, dataclasses.Field] = {}
    for title, kind in kinds.items():
        for field in dataclasses.fields(kind):
            owners.setdefault(field.name, []).append(title)
            fields.setdefault(field.name, field)
    for name, field in fields.items():
        facts = f"default: {str(field.default).lower() if isinstance(field.default, bool) else field.default}"
        if field.metadata["least"] is not None and field.metadata["most"] is not None:
            facts = f"{field.metadata['least']} to {field.metadata['most']}, {facts}"
        how: dict[str, Any] = {"type": type(field.default), "metavar": "N"}
        if isinstance(field.default, bool):
            how = {"action": argparse.BooleanOptionalAction}
        elif isinstance(field.default, str):
            how["metavar"] = "TEXT"
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=_PREFIX + name,
            default=argparse.SUPPRESS,
            help=f"{', '.join(owners[name])}: {field.metadata['summary']} ({facts})",
            **how,
        )


def given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Those options of `add_arguments` that stand on the command line, by name."""
    return {
        name.removeprefix(_PREFIX): value
        for name, value in vars(arguments).items()
        if name.startswith(_PREFIX)
    }


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
