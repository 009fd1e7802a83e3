"""The history of eQueue's schema, the only authority over it: forward only, expand before contract."""
