"""Memory: where events, items and notices are kept."""
