"""`equeue top` from a shell: once, or until somebody has seen enough."""

import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.integration.cli.conftest import Run
from tests.tree import EQUEUE, ROOT, Tree

TO_SCREEN, TO_LINES, HOME = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[H"


@contextmanager
def live(served: Tree, stdout: int) -> "Iterator[subprocess.Popen[str]]":
    """Give a view that looks five times a second."""
    reach = {"EQUEUE_URL": served.url, "EQUEUE_API_KEY": served.key}
    with subprocess.Popen(
        [*EQUEUE, "top", "--every", "200ms"],
        cwd=ROOT,
        env=os.environ | reach,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as view:
        try:
            yield view
        finally:
            view.kill()


def test_one_page_is_written_and_that_is_it(remote: Run) -> None:
    """What was just enqueued is on it; of another queue nothing is."""
    assert remote("enqueue", "no.such.task", "--queue", "top.shell").code == 0
    said = remote("top", "--once", "--queue", "top.shell")
    assert said.code == 0, said.err
    assert said.out.startswith("eQueue at ")
    (queue,) = [line.split() for line in said.out.splitlines() if line.startswith("top.shell")]
    assert queue[1:6] == ["1", "0", "0", "0", "0"]
    assert "top.shell" not in remote("top", "--once", "--queue", "another").out


def test_a_live_view_ends_when_somebody_interrupts_it(served: Tree) -> None:
    """Page after page, and 130 at Ctrl-C, without a word."""
    with live(served, subprocess.PIPE) as view:
        assert view.stdout is not None
        pages = 0
        while pages < 2:
            pages += view.stdout.readline().startswith("eQueue at ")
        view.send_signal(signal.SIGINT)
        _, complaint = view.communicate(timeout=10)
        assert (view.returncode, complaint) == (130, "")


def test_a_terminal_is_given_back_as_it_was(served: Tree) -> None:
    """Pages stand on a screen of their own, in place, and what stood there before comes back."""
    ours, theirs = pty.openpty()
    with live(served, theirs) as view:
        os.close(theirs)
        seen = b""
        while seen.count(b"eQueue at ") < 2:
            seen += os.read(ours, 65_536)
        view.send_signal(signal.SIGINT)
        with suppress(OSError):  # what a terminal says once nobody is at its other end
            while piece := os.read(ours, 65_536):
                seen += piece
        assert view.wait(10) == 130
    os.close(ours)
    assert seen.startswith(TO_SCREEN)
    assert seen.count(HOME) >= 2
    assert seen.endswith(TO_LINES)


def test_what_cannot_be_looked_at_is_told(remote: Run) -> None:
    """Nobody there is 9, a key that is none 4, and a pause that is none 2."""
    assert remote("top", EQUEUE_URL="http://127.0.0.1:9").code == 9
    assert remote("top", EQUEUE_API_KEY="eq_no").code == 4
    assert remote("top", "--every", "1ms").code == 2
