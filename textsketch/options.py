"""Options that belong to one row of a table: a frozen dataclass a row, its fields made by `option`.

The command line, the page and the calls in Python read the same fields, so a row brings its options along.
"""

from __future__ import annotations

import argparse
import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from textsketch.errors import OptionError, quoted

_PREFIX = "option:"
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


@dataclass(frozen=True)
class Option:
    """One option. kind: bool, int, float or str; a default of None means "as usual".

    summary: a phrase for people. least, most: of a number. choices: all values there are, or () where any is
    possible. lacks: the sentence that says what a choice lacks here, or None. offered: whether strangers may
    set it on the page.
    """

    name: str
    kind: type
    default: Any
    summary: str
    least: float | None
    most: float | None
    choices: tuple[Any, ...]
    lacks: Callable[[Any], str | None]
    offered: bool


def _nothing_lacks(choice: object) -> str | None:
    return None


def option(
    default: bool | int | float | str | None,
    summary: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: Sequence[Any] | Callable[[], Sequence[Any]] = (),
    lacks: Callable[[Any], str | None] = _nothing_lacks,
    offered: bool = True,
) -> Any:
    """A field of an `Options` class, see `Option`. choices: may be a function, for the names of a table."""
    about = {"summary": summary, "least": least, "most": most, "choices": choices}
    return dataclasses.field(default=default, metadata=about | {"lacks": lacks, "offered": offered})


@dataclass(frozen=True)
class Options:
    """Base of all classes of options; by itself: there are none. Raises OptionError for a value out of range."""

    def __post_init__(self) -> None:
        for one in described(type(self)):
            _check(one, getattr(self, one.name))


Given = TypeVar("Given", bound=Options)


def described(kind: type[Options]) -> tuple[Option, ...]:
    """The options of a class, in order."""
    hints = typing.get_type_hints(kind)
    found = []
    for field in dataclasses.fields(kind):
        wanted = hints[field.name]
        if isinstance(wanted, types.UnionType):
            wanted = next(part for part in typing.get_args(wanted) if part is not type(None))
        choices = field.metadata["choices"]
        about = {**field.metadata, "choices": tuple(choices() if callable(choices) else choices)}
        found.append(Option(field.name, wanted, field.default, **about))
    return tuple(found)


def fill(
    owner: str,
    kind: type[Given],
    given: Mapping[str, object],
    others: Mapping[str, type[Options]] | None = None,
) -> Given:
    """The options of `owner`, of the class `kind`, with what is `given`.

    others: who else takes options, by name, for the sentence about one that is not `owner`'s.
    Raises OptionError for an option that `owner` does not have, or a value of another type or out of range.
    """
    known = _names(kind)
    for name in given:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it has no options"
            those = [other for other, its in (others or {}).items() if name in _names(its)]
            belongs = f"; that is an option of {', '.join(those)}" if those else ""
            raise OptionError(f"{owner} does not take the option {name}; {takes}{belongs}")
    return kind(**given)


def _names(kind: type[Options]) -> list[str]:
    return [one.name for one in described(kind)]


def taken(kind: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that `kind` has an option for."""
    return {one.name: values[one.name] for one in described(kind) if one.name in values}


def add_arguments(parser: argparse.ArgumentParser, kinds: Mapping[str, type[Options]]) -> None:
    """Give `parser` an argument for every option of `kinds`, by the name of who takes it; see `given`."""
    owners: dict[str, list[str]] = {}
    options: dict[str, Option] = {}
    for owner, kind in kinds.items():
        for one in described(kind):
            owners.setdefault(one.name, []).append(owner)
            options.setdefault(one.name, one)
    for name, one in options.items():
        facts = [f"{one.least:g} to {one.most:g}"] if None not in (one.least, one.most) else []
        if one.default is not None:
            usual = (
                {True: "on", False: "off"}.get(one.default, one.default) if one.kind is bool else one.default
            )
            facts.append(f"default: {usual}")
        how: dict[str, Any] = {"type": one.kind, "metavar": {int: "N", float: "X"}.get(one.kind, "TEXT")}
        if one.kind is bool:
            how = {"action": argparse.BooleanOptionalAction}
        elif one.choices:
            how["metavar"] = "{" + ",".join(map(str, one.choices)) + "}"
        # What everybody takes needs no owner's name.
        whose = "" if len(owners[name]) == len(kinds) else f"{', '.join(owners[name])}: "
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=_PREFIX + name,
            default=argparse.SUPPRESS,
            help=f"{whose}{one.summary}" + (f" ({', '.join(facts)})" if facts else ""),
            **how,
        )


def given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Those options of `add_arguments` that stand on the command line, by name."""
    return {
        name.removeprefix(_PREFIX): value
        for name, value in vars(arguments).items()
        if name.startswith(_PREFIX)
    }


def _check(one: Option, value: Any) -> None:
    if value is None and one.default is None:
        return
    allowed: Any = (int, float) if one.kind is float else one.kind
    if isinstance(value, allowed) and (one.kind is bool or not isinstance(value, bool)):
        if one.choices and value not in one.choices:
            choices = ", ".join(map(str, one.choices))
            raise OptionError(f"{one.name} must be one of {choices}, not {quoted(value)}")
        if (one.least is None or value >= one.least) and (one.most is None or value <= one.most):
            return
    bounds = [f"from {one.least:g}"] if one.least is not None else []
    bounds += [f"to {one.most:g}"] if one.most is not None else []
    raise OptionError(f"{one.name} must be {' '.join([_WORDS[one.kind], *bounds])}, not {quoted(value)}")
