"""Every port in memory: the executable specification, and what tests of user code run on."""
