"""The other queues, driven as their documentation says; run by the Python of an environment of their own."""
