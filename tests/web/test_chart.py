import re
import xml.etree.ElementTree as ElementTree

from textsketch.web.chart import Mark, chart

CURVES = ["text-only", "three-layer", "JPEG"]
MARKS = [
    Mark("text-only", 25, 14.5, "text-only: 25 bytes"),
    Mark("three-layer", 300, 21.0, "three-layer: 300 bytes"),
    Mark("three-layer", 3000, 26.0, 'quotes " and <b>tags</b> & more'),
    Mark("JPEG", 3000, 24.0, "JPEG: 3000 bytes"),
]


def drawn(**options):
    text = chart(MARKS, CURVES, "PSNR dB", **options)
    return text, ElementTree.fromstring(re.search("<svg.*?</svg>", text)[0])


def test_every_mark_can_be_chosen_by_its_index_by_pointer_and_keyboard():
    _, svg = drawn()
    points = {int(g.get("data-point")): g for g in svg.iter("g")}
    assert sorted(points) == [0, 1, 2, 3]
    for index, group in points.items():
        assert group.get("role") == "button" and group.get("tabindex") == "0"
        assert group.get("aria-label") == MARKS[index].label


def test_bytes_grow_logarithmically_to_the_right_and_values_upwards():
    _, svg = drawn()
    centres = {}
    for group in svg.iter("g"):
        circle = group.findall("circle")[-1]
        centres[int(group.get("data-point"))] = float(circle.get("cx")), float(circle.get("cy"))
    assert centres[2][0] == centres[3][0] > centres[1][0] > centres[0][0]
    assert centres[2][1] < centres[3][1] < centres[1][1] < centres[0][1]
    decade = centres[2][0] - centres[1][0]
    twelvefold = centres[1][0] - centres[0][0]
    assert abs(twelvefold / decade - 1.0792) < 0.01


def test_no_point_lies_under_the_larger_area_of_another():
    text, _ = drawn()
    assert text.count("data-area=") == len(MARKS)
    assert text.rindex("data-area=") < text.index("data-point=")


def test_the_chosen_point_is_marked_and_only_it():
    text, _ = drawn(chosen=2)
    assert re.findall(r'ts-chosen" data-point="(\d)"', text) == ["2"]


def test_labels_are_escaped_and_only_curves_with_points_are_in_the_legend():
    text = chart(MARKS[:3], CURVES, "PSNR dB")
    assert "<b>tags" not in text and "JPEG</span>" not in text and "three-layer</span>" in text
    assert chart([], CURVES, "PSNR dB") == ""


def test_the_legend_shows_each_curve_as_it_is_drawn():
    text, svg = drawn()
    legend = text.split("ts-chart-legend")[1]
    colours, dashes = [], []
    for line in svg.iter("polyline"):
        colours.append(line.get("stroke"))
        dashes.append(line.get("stroke-dasharray"))
        assert f'stroke="{colours[-1]}"' in legend
    assert len(set(colours)) == len(CURVES) and dashes[0] and f'stroke-dasharray="{dashes[0]}"' in legend


def test_one_single_point_and_equal_values_are_drawn():
    assert 'data-point="0"' in chart(MARKS[:1], CURVES, "PSNR dB")
    assert 'data-point="1"' in chart([MARKS[0], MARKS[0]], CURVES, "PSNR dB")
