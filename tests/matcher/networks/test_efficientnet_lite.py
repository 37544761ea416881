import torch

from matcher.networks.efficientnet_lite import FEATURE_STRIDE, EfficientNetLite


def test_two_maps_have_a_place_per_16_and_per_32_pixels() -> None:
    network = EfficientNetLite().eval()
    with torch.inference_mode():
        fine, coarse = network(torch.rand(2, 3, 2 * FEATURE_STRIDE, 3 * FEATURE_STRIDE))
    assert fine.shape == (2, 112, 4, 6)
    assert coarse.shape == (2, 320, 2, 3)


def test_the_classifier_of_the_published_weights_has_a_logit_per_class_of_imagenet() -> None:
    network = EfficientNetLite().eval()
    with torch.inference_mode():
        assert network.classify(torch.rand(1, 3, 64, 64)).shape == (1, 1000)


def test_borders_are_padded_as_in_the_published_training() -> None:
    """TensorFlow's SAME at stride 2: nothing before, one after, for a kernel of 3."""
    network = EfficientNetLite().eval()
    image = torch.zeros(1, 3, 32, 32)
    with torch.inference_mode():
        stem = network._conv_stem(image + 1)
    assert torch.allclose(stem[..., 0, 0], stem[..., 5, 5], atol=1e-5)
    assert not torch.allclose(stem[..., -1, -1], stem[..., 5, 5], atol=1e-5)
