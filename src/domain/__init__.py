"""The rules of eQueue: pure values and pure decisions, with no clock, chance or I/O."""
