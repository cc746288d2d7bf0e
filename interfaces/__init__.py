"""The counter: how people and other programs reach the engine."""
