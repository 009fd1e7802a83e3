#!/bin/sh
# Builds the image for real without Docker, and runs the tour in it as an unprivileged user on a read-only tree.
# Needs root, podman and debootstrap (Debian), and a database: EQUEUE_DATABASE_URL, as seen from inside.
# Where nothing can be pulled, the base is made by debootstrap: the Dockerfile takes its bases by argument. The one with
# Node for the dashboard gets this machine's Node.
set -eu
cd "$(dirname "$0")/.."
BASE=localhost/equeue-base:local
NODE=localhost/equeue-node:local
IMAGE=localhost/equeue:local
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

if ! podman image exists "$BASE"; then
  debootstrap --variant=minbase --include=python3,python3-venv,python-is-python3,ca-certificates bookworm "$WORK/base"
  tar -C "$WORK/base" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./proc --exclude=./sys \
    --exclude=./dev -c . | podman import -q - "$BASE" >/dev/null
fi
if ! podman image exists "$NODE"; then
  mkdir -p "$WORK/node/usr/bin" "$WORK/node/usr/lib/node_modules"
  cp "$(readlink -f "$(command -v node)")" "$WORK/node/usr/bin/node"
  cp -r "$(npm root --global)/npm" "$WORK/node/usr/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$WORK/node/usr/bin/npm"
  printf 'FROM %s\nCOPY usr /usr\n' "$BASE" >"$WORK/node/Dockerfile"
  podman build --quiet --isolation chroot --layers=false --pull=never -t "$NODE" "$WORK/node" >/dev/null
fi
# By digest, as builds that can be repeated name their bases.
pinned() { echo "${1%:*}@$(podman image inspect --format '{{.Digest}}' "$1")"; }
# What this machine needs to reach its registries goes in beside the build, not into the image.
set -- --volume /etc/ssl/certs:/etc/ssl/certs:ro
echo cafile=/etc/ssl/certs/ca-certificates.crt >"$WORK/npmrc"
set -- "$@" --volume "$WORK/npmrc:/usr/etc/npmrc:ro"
[ ! -e /etc/pip.conf ] || set -- "$@" --volume /etc/pip.conf:/etc/pip.conf:ro
set -- "$@" --build-arg PYTHON="$(pinned "$BASE")" --build-arg NODE="$(pinned "$NODE")" \
  --build-arg REVISION="$(git rev-parse HEAD)"
build() { # build TAG ARGUMENTS
  tag=$1 && shift
  podman build --quiet --isolation chroot --network host --layers=false --pull=never "$@" \
    -f docker/Dockerfile -t "$tag" . >"$WORK/build.log" 2>&1 || { tail -40 "$WORK/build.log" >&2; exit 1; }
}
build "$IMAGE" "$@"
size() { podman image inspect --format '{{.Size}}' "$1" | awk '{printf "%.0f MB", $1 / 1e6}'; }
echo "image $(size "$IMAGE"), of which the base $(size "$BASE"); bases $(pinned "$BASE") and $(pinned "$NODE")"

# EQUEUE_TWICE=1: what is built again from the same inputs is the same, file by file.
sums() { (cd "$(podman image mount "$1")/opt/equeue" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
if [ -n "${EQUEUE_TWICE:-}" ]; then
  build "$IMAGE-again" "$@"
  sums "$IMAGE" >"$WORK/first" && sums "$IMAGE-again" >"$WORK/second"
  podman image umount "$IMAGE-again" >/dev/null && podman rmi "$IMAGE-again" >/dev/null
  diff "$WORK/first" "$WORK/second" || { echo "two builds differ" >&2; exit 1; }
  echo "built twice: $(wc -l <"$WORK/first") files, all of them equal"
fi

TREE=$(podman image mount "$IMAGE")
# All of it ends with its namespaces.
unshare --mount --pid --fork --kill-child sh -eu docker/inside.sh "$TREE"
