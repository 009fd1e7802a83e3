"""Loops that any process may run, and what loops rest upon: bells, timers, patience with a database that is away."""
