"""Chooses the runtime: OpenVINO on a CPU, torch in half precision on CUDA, or torch as reference.

On a CPU, torch is needed only once per weights file: to export the network. The export is kept in
the cache folder and starts in a fraction of a second, without importing torch.
"""

import shutil
from enum import StrEnum
from pathlib import Path

from matcher.errors import RuntimeUnavailable
from matcher.networks.runtime import Runtime


class Device(StrEnum):
    """Where networks may run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    REFERENCE = "reference"
    """Torch in float32 on a CPU: slow, the reference for every other arithmetic."""


def choose_runtime(device: Device, cache: Path, threads: int = 0) -> Runtime:
    """Return the runtime for a device.

    Args:
        device: `auto` takes CUDA where there is a working one.
        cache: folder for exported and compiled networks; made when it is needed.
        threads: of the processor that networks may use; 0 means all.

    Raises:
        RuntimeUnavailable: CUDA was asked for and is not there.
    """
    # Each library is imported only where it serves: torch takes seconds.
    if device is Device.REFERENCE:
        from matcher.networks.torch_runtime import TorchRuntime

        return TorchRuntime("cpu", half=False, threads=threads)
    if device is Device.CUDA or (device is Device.AUTO and _may_have_cuda()):
        from matcher.networks.torch_runtime import TorchRuntime, cuda_works

        if cuda_works():
            return TorchRuntime("cuda", half=True, threads=threads)
        if device is Device.CUDA:
            raise RuntimeUnavailable(
                "CUDA was asked for, but torch finds no usable GPU; set SKULENS_DEVICE=cpu."
            )
    from matcher.networks.openvino_runtime import OpenVinoRuntime

    return OpenVinoRuntime(cache, threads=threads)


def _may_have_cuda() -> bool:
    """Return whether it is worth importing torch to look for a GPU."""
    drivers = (Path("/proc/driver/nvidia/version"), Path("/dev/dxg"))
    return any(driver.exists() for driver in drivers) or shutil.which("nvidia-smi") is not None
