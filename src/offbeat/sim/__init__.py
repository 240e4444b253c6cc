"""Whole markets, real and synthetic, on a virtual clock."""
