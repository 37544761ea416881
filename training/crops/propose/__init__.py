"""The proposer's data and trainer."""
