"""How other programs call eQueue."""
