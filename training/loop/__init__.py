"""The training loop: loader, trainer, progress, checkpoints, export."""
