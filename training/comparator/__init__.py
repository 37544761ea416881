"""The comparator's data and trainer."""
