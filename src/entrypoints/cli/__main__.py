"""`python -m equeue.entrypoints.cli` is `equeue`."""

from .app import main

if __name__ == "__main__":
    main()
