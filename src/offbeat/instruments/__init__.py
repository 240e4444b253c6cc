"""Option terms, standard strategies and their payoffs."""

from offbeat.instruments.terms import Instrument, Kind, Leg, check_legs

__all__ = ["Instrument", "Kind", "Leg", "check_legs"]
