"""The exceptions a caller of textsketch can get; each message is one sentence that says what to do."""

from collections.abc import Sequence

_MOST_QUOTED = 60


def quoted(value: object) -> str:
    """What was given instead of something sensible, as a sentence quotes it: as code, and short."""
    try:
        code = repr(value)
    except Exception:  # a number of more digits than Python writes, or somebody's own class
        return f"this {type(value).__name__}"
    code = " ".join(code.split())
    return code if len(code) <= _MOST_QUOTED else f"{code[:_MOST_QUOTED]}..."


def listed(choices: Sequence[str]) -> str:
    """What there is to choose from, one at least, as a sentence has it."""
    return " or ".join([*filter(None, [", ".join(choices[:-1])]), choices[-1]])


class TextsketchError(Exception):
    """Base class of every error textsketch raises on purpose."""


class ImageError(TextsketchError):
    """The picture cannot be read: unknown format, damaged, animated or too large."""


class BitstreamError(TextsketchError):
    """The bytes are not a .tsk file this version can decode: truncated, damaged or foreign."""


class BudgetError(TextsketchError):
    """The bit budget cannot be understood, or no file this small can be written."""


class WeightsError(TextsketchError):
    """Pretrained weights are missing, refused, damaged or not the pinned ones."""


class CaptionError(TextsketchError):
    """The caption cannot be sent: too long, or not valid Unicode."""


class RenderError(TextsketchError):
    """The picture could not be painted: out of memory, numbers that are no picture, or held back."""


class OptionError(TextsketchError):
    """An option is unknown here, or its value is out of range."""


class LinkError(TextsketchError):
    """A file does not fit into a link or a QR code, or a link or a picture of a code holds none."""


class ServiceError(TextsketchError):
    """An API is not set up, does not answer or refuses, or what it answers is no caption or picture."""
