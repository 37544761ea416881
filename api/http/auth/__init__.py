"""Who asks, and what they may: keys, cookies, scopes, rates."""
