"""What is asked of pictures alone, without a catalog: locate, propose, thumbnail."""
