"""eQueue's worker and its peers, side by side on one server in one run: `python -m bench.worker`."""
