"""Labels and their text."""

import numpy as np
import pytest

from api.drawing.label import ELLIPSIS, LabelRenderer, LabelText, TextRenderer, format_percent


def test_a_name_with_accents_greek_and_cyrillic_is_written() -> None:
    renderer = TextRenderer(20)
    blank = renderer.mask("\U0010ffff" * 5)
    for text in ("Käßço", "Ωμέγα", "Молоко"):
        ink = renderer.mask(text)
        assert ink.max() > 0.9
        assert ink.shape[0] == renderer.height
        assert ink.shape != blank.shape or not np.array_equal(ink, blank)


def test_a_script_that_no_font_has_is_drawn_all_the_same() -> None:
    assert TextRenderer(20).mask("\U00013000\U0010fffe").max() > 0


def test_long_names_are_shortened_to_fit() -> None:
    renderer = TextRenderer(20)
    short = renderer.shorten("A very long product name " * 4, 200)
    assert short.endswith(ELLIPSIS)
    assert renderer.width(short) <= 200
    assert renderer.shorten("Tea", 200) == "Tea"
    assert renderer.shorten("Tea", 1) == ELLIPSIS


def test_names_break_into_lines_of_about_equal_length() -> None:
    renderer = TextRenderer(20)
    width = renderer.width("Semi-skimmed milk 1")
    assert renderer.wrap("Semi-skimmed milk 1 l", width) == ["Semi-skimmed", "milk 1 l"]
    assert renderer.wrap("Tea", width) == ["Tea"]
    assert all(
        renderer.width(line) <= width
        for line in renderer.wrap("Unbreakablemonstrousword and many others", width)
    )


def test_a_narrow_label_puts_the_figures_below_the_name() -> None:
    renderer = LabelRenderer(20)
    text = LabelText("Semi-skimmed milk 1 l", "97%", "#7", (1, 2, 3))
    wide, narrow = renderer.render(text, 600), renderer.render(text, 100)
    assert narrow.width < wide.width
    assert narrow.height > 2 * wide.height


def test_the_same_label_is_drawn_once_and_old_ones_are_dropped() -> None:
    renderer = LabelRenderer(12)
    first = renderer.render(LabelText("Tea", "50%", "#1", (1, 2, 3)), 300)
    assert renderer.render(LabelText("Tea", "50%", "#1", (1, 2, 3)), 300) is first
    for number in range(300):
        renderer.render(LabelText("Tea", "50%", f"#{number + 2}", (1, 2, 3)), 300)
    assert renderer.render(LabelText("Tea", "50%", "#1", (1, 2, 3)), 300) is not first


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (1.0, ">99%"),
        (0.995, ">99%"),
        (0.994, "99%"),
        (0.5, "50%"),
        (0.005, "1%"),
        (0.004, "<1%"),
        (0.0, "<1%"),
    ],
)
def test_probabilities_are_never_shown_as_certainty(probability: float, text: str) -> None:
    assert format_percent(probability) == text
