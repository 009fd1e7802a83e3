"""Becomes another program that cannot outlive the one who started it.

Run by its path, with `python -I -S`, so that it costs a few milliseconds and knows nothing of eQueue:
`leash.py SIGNAL PARENT USER GROUP COMMAND…`. The kernel sends SIGNAL when the parent dies, however it dies. USER and
GROUP are numbers, or `-` to stay who one is.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(words: list[str]) -> None:
    """Take on the leash and become the command."""
    signal, parent, user, group, *command = words
    # Loaded before the user changes, who may not be able to read Python's own files.
    libc = ctypes.CDLL(None, use_errno=True)
    if user != "-":
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":
        # A change of user undoes the leash, so it is put on after that.
        if libc.prctl(PR_SET_PDEATHSIG, int(signal)) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        if os.getppid() != int(parent):
            raise SystemExit("the parent is gone already")
    os.execv(command[0], command)  # noqa: S606 - becoming the command is what this is for


if __name__ == "__main__":
    main(sys.argv[1:])
