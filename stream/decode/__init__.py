"""From decoded pictures to frames: capture time, colours, frozen or damaged pictures."""
