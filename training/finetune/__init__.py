"""Fine-tuning on one catalog."""
