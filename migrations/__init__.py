"""The schema of eQueue, grown by forward-only migrations; `env.py` runs them."""
