"""Mechanism: how stages and clocks move. Imports none of our other packages and no database."""
