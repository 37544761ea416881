"""Questions about pictures alone, without a catalog: locate, propose, thumbnail."""
