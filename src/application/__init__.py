"""What eQueue does for its callers: use cases over ports, with no product in sight."""
