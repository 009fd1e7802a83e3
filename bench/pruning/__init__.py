"""A million jobs pruned while others flow: `make bench-prune`."""
