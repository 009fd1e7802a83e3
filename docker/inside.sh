#!/bin/sh
# Called by prove.sh in a mount namespace of its own: the tour on the tree $1, read-only, as user 10001.
set -eu
TREE=$1
mount --bind "$TREE" "$TREE"
for each in proc dev tmp run; do mkdir -p "$TREE/$each"; done
mount -t proc proc "$TREE/proc"
mount --rbind /dev "$TREE/dev"
mount -t tmpfs -o mode=1777 tmpfs "$TREE/tmp"
# Where the database listens on a socket, its folder is let in.
[ -z "${EQUEUE_SOCKETS:-}" ] || { mount -t tmpfs tmpfs "$TREE/run" && mkdir "$TREE/run/pg" && mount --bind "$EQUEUE_SOCKETS" "$TREE/run/pg"; }
mount -o remount,bind,ro "$TREE"

PORT=${EQUEUE_PORT:-8765}
inside() {
  chroot --userspec=10001:10001 --groups= "$TREE" /usr/bin/setpriv --no-new-privs --inh-caps=-all \
    /usr/bin/env -i PATH=/opt/equeue/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1 \
    EQUEUE_DATABASE_URL="$EQUEUE_DATABASE_URL" EQUEUE_SECRET_KEYS="$KEYS" EQUEUE_PORT="$PORT" \
    EQUEUE_URL="http://127.0.0.1:$PORT" EQUEUE_HTTP_ALLOW="127.0.0.1:$PORT" EQUEUE_STATE_DIR=/tmp/state \
    EQUEUE_PROBE_PORT=$((PORT + 1)) EQUEUE_LOG_LEVEL=warning ${KEY:+EQUEUE_API_KEY="$KEY"} \
    sh -c 'cd /app && exec "$@"' sh "$@"
}
KEYS=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
KEY=

if inside touch /opt/equeue/written 2>/dev/null; then echo "the tree can be written to" >&2; exit 1; fi
[ "$(inside id -u)" = 10001 ]
for tool in gcc cc make pip; do
  if inside sh -c "command -v $tool" >/dev/null 2>&1; then echo "the image has $tool" >&2; exit 1; fi
done
inside equeue migrate up
KEY=$(inside equeue keys create tour --user tour@example.org --role admin)
inside equeue api & API=$!
inside equeue worker examples.tour_tasks & WORKER=$!
trap 'kill $API $WORKER 2>/dev/null || true; wait' EXIT
tries=0
until inside python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$PORT/health/ready'); r.urlopen('http://127.0.0.1:$((PORT + 1))/health/ready')" 2>/dev/null; do
  tries=$((tries + 1)); [ $tries -lt 60 ] || { echo "nothing serves" >&2; exit 1; }
  sleep 0.5
done
inside sh -c 'mkdir -p /tmp/state && echo "{\"api\": 1, \"worker\": 2}" > /tmp/state/processes.json'
inside python examples/tour.py
# The dashboard, as it lies in the image: a page, and the first of the scripts that it names.
inside python - "http://127.0.0.1:$PORT" <<'END'
import re
import sys
import urllib.request
from importlib import resources

def fetch(path):
    with urllib.request.urlopen(sys.argv[1] + path, timeout=10) as answer:
        return answer.read()

page = fetch("/ui/")
script = re.search(rb'src="(/ui/_next/[^"]+\.js)"', page)[1].decode()
built = resources.files("equeue.entrypoints.http") / "static" / "ui"
assert page == (built / "index.html").read_bytes(), "/ui/ is not the page in the image"
assert fetch(script) == (built / script.removeprefix("/ui/")).read_bytes(), f"{script} is not the one in the image"
files = [each for each in built.rglob("*") if each.is_file()]
print(f"the dashboard is served from {built}: {len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB")
END
echo "the tour is done: user 10001, read-only tree"
