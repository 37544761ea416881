import numpy as np


def test_every_picture_becomes_a_vector_of_unit_length() -> None:
    import torch

    from matcher.networks.resnet import DIMENSION, EmbeddingNet

    net = EmbeddingNet().eval()
    with torch.inference_mode():
        vectors = net(torch.rand(2, 3, 64, 96))
    assert vectors.shape == (2, DIMENSION)
    assert vectors.dtype == torch.float32
    assert torch.allclose(vectors.norm(dim=1), torch.ones(2), atol=1e-5)


def test_the_trunk_carries_torchvisions_names() -> None:
    from torchvision.models import resnet34

    from matcher.networks.resnet import EmbeddingNet

    published = {name for name in resnet34(weights=None).state_dict() if "fc." not in name}
    assert set(EmbeddingNet().trunk.state_dict()) == published


def test_pooling_with_exponent_one_is_the_average_and_with_a_large_one_the_maximum() -> None:
    import torch

    from matcher.networks.resnet import GeneralizedMeanPooling

    features = torch.rand(2, 5, 3, 4) + 0.1
    average = GeneralizedMeanPooling(power=1.0)(features)
    largest = GeneralizedMeanPooling(power=60.0)(features)
    assert torch.allclose(average, features.mean(dim=(2, 3)), atol=1e-5)
    assert torch.allclose(largest, features.amax(dim=(2, 3)), rtol=0.06)


def test_a_tall_crop_fills_the_whole_square() -> None:
    from matcher.networks.resnet import INPUT_SIDE, to_input

    crop = np.full((300, 40, 3), 255, np.uint8)
    images = to_input([crop, crop[:10]])
    assert images.shape == (2, 3, INPUT_SIDE, INPUT_SIDE)
    assert images.min() == images.max() == 1.0


def test_no_crops_make_an_empty_batch() -> None:
    from matcher.networks.resnet import to_input

    assert to_input([], side=32).shape == (0, 3, 32, 32)
