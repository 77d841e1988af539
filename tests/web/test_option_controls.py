"""A control for each option, and its value as the option takes it."""

from dataclasses import dataclass

import gradio as gr
import pytest

from textsketch.errors import OptionError
from textsketch.options import Options, fill, option
from textsketch.web.option_controls import option_controls, set_values


@dataclass(frozen=True)
class Brush(Options):
    """One option of each sort."""

    width: int | None = option(None, "how wide", least=1, most=100)
    wetness: float = option(0.5, "how wet", least=0, most=1)
    hair: str = option("sable", "what it is made of", choices=("sable", "hog"), lacks=lambda hair: None)
    round: bool = option(True, "whether it is round")
    secret: bool = option(False, "not for strangers", offered=False)


def test_every_option_that_is_offered_has_a_control_of_its_sort():
    with gr.Blocks():
        controls = option_controls("brush", Brush)
    kinds = {name: type(control) for name, control in controls.items()}
    assert kinds == {"width": gr.Textbox, "wetness": gr.Slider, "hair": gr.Radio, "round": gr.Checkbox}
    assert controls["width"].label == "How wide (1 to 100)"


@pytest.mark.parametrize(("typed", "width"), [("", None), ("  ", None), ("7", 7), ("7.0", 7), (7, 7)])
def test_an_empty_field_leaves_the_option_as_usual(typed, width):
    assert fill("the brush", Brush, set_values(Brush, {"width": typed, "wetness": 1})).width == width


@pytest.mark.parametrize("typed", ["wide", "0", "101", "7.5"])
def test_what_is_no_value_is_one_sentence(typed):
    with pytest.raises(OptionError, match="width must be a whole number from 1 to 100, not"):
        fill("the brush", Brush, set_values(Brush, {"width": typed}))
