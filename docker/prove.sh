#!/bin/sh
# Builds the image for real without Docker, and runs the tour in it as an unprivileged user on a read-only tree.
# Needs root, podman and debootstrap (Debian), and a database: EQUEUE_DATABASE_URL, as seen from inside.
# Where nothing can be pulled, the base is made by debootstrap: the Dockerfile takes its bases by argument.
set -eu
cd "$(dirname "$0")/.."
BASE=localhost/equeue-base:local
IMAGE=localhost/equeue:local
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

if ! podman image exists "$BASE"; then
  debootstrap --variant=minbase --include=python3,python3-venv,python-is-python3,ca-certificates bookworm "$WORK/base"
  tar -C "$WORK/base" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./proc --exclude=./sys \
    --exclude=./dev -c . | podman import -q - "$BASE" >/dev/null
fi
# What this machine needs to reach its registries goes in beside the build, not into the image.
set -- --volume /etc/ssl/certs:/etc/ssl/certs:ro
[ ! -e /etc/pip.conf ] || set -- "$@" --volume /etc/pip.conf:/etc/pip.conf:ro
podman build --quiet --isolation chroot --network host --layers=false --pull=never "$@" \
  --build-arg PYTHON="$BASE" --build-arg NODE="${EQUEUE_NODE_BASE:-$BASE}" --build-arg REVISION="$(git rev-parse HEAD)" \
  -f docker/Dockerfile -t "$IMAGE" . >/dev/null
size() { podman image inspect --format '{{.Size}}' "$1" | awk '{printf "%.0f MB", $1 / 1e6}'; }
echo "image $(size "$IMAGE"), of which the base $(size "$BASE")"

TREE=$(podman image mount "$IMAGE")
exec unshare --mount sh -eu docker/inside.sh "$TREE"
