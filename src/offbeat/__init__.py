"""Offbeat: asynchronous execution for on-chain options."""

__version__ = "0.1.0"
