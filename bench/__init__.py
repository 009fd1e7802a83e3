"""Measurements: every claim of speed is a ratio taken side by side in one run by something in here."""
