import pytest

from matcher.crops.thumbnail.aspect import Aspect, AspectError, check_height


@pytest.mark.parametrize(("text", "ratio"), [("1:1", 1.0), ("16:9", 16 / 9), (" 2.35:1 ", 2.35)])
def test_an_aspect_is_read_as_people_write_it(text: str, ratio: float) -> None:
    aspect = Aspect.parse(text)
    assert aspect.ratio == pytest.approx(ratio)
    assert aspect.name == text.strip()


@pytest.mark.parametrize(
    "text", ["", "0", "0:1", "1:0", "1:100", "square", "-1:1", "1:1:1", "nan:1", "1e9:1", "16/9"]
)
def test_nonsense_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(AspectError) as refused:
        Aspect.parse(text)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_width_that_makes_crops_too_high_is_refused_with_one_that_can_be_had() -> None:
    tall = Aspect.parse("1:10")
    with pytest.raises(AspectError, match="5000 pixels high and at most 4096") as refused:
        check_height(tall, 500, 4096)
    assert "a width of 409 or less" in str(refused.value)
    check_height(tall, 409, 4096)
