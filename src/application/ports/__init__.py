"""The sockets into which adapters fit; each promise is written in the caller's words."""
