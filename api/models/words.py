"""The reader of printed words, where its networks are there."""

import logging
from typing import Final

from api.settings import Settings
from matcher.errors import PackageMissing, WeightsError
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import LoadedNetwork
from matcher.networks.weights import Network, read_manifest
from matcher.words.word_reader import NetworkWordReader, WordReader

_logger: Final = logging.getLogger(__name__)


def load_word_reader(settings: Settings) -> WordReader | None:
    """Return the reader; on the processor whatever the device, because its networks are ONNX files.

    Returns:
        None where the settings do without words, the weights folder lists no reader, or the package
        that brings it is not installed.

    Raises:
        WeightsError: the package brings another file, or its licence forbids the use.
    """
    manifest = read_manifest(settings.weights)
    if not settings.words:
        return None
    runtime = OpenVinoRuntime(settings.cache_dir / "networks", threads=settings.threads)

    def load(network: Network) -> LoadedNetwork | None:
        entries = manifest.of_network(network)
        if not entries:
            return None
        allowed = settings.allow_noncommercial_weights
        return runtime.load(manifest.weights(entries[0].name, allow_noncommercial=allowed))

    try:
        lines, reader = load(Network.TEXT_LINES), load(Network.TEXT_READER)
    except PackageMissing as error:
        _logger.warning("no words are read: %s", error)
        return None
    if lines is None and reader is None:
        return None
    if lines is None or reader is None:
        raise WeightsError(
            f"{settings.weights} lists one of {Network.TEXT_LINES} and {Network.TEXT_READER}; "
            "words need both: list the other one, or set SKULENS_WORDS=no."
        )
    return NetworkWordReader(lines, reader)
