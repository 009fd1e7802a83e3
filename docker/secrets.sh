#!/bin/sh
# Makes the secrets that compose.yaml hands out as files, each once; what is there already stays.
set -eu
folder="$(dirname "$0")/secrets"
mkdir -p "$folder"
# Containers read them as another user: the folder keeps others out, the files let them in.
chmod 700 "$folder"

keep() { # keep NAME VALUE
  [ -s "$folder/$1" ] || printf '%s\n' "$2" > "$folder/$1"
  chmod 444 "$folder/$1"
}
fresh() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

keep postgres_password "$(fresh)"
keep redis_password "$(fresh)"
keep secret_keys "$(fresh)"
keep grafana_password "$(fresh)"
keep database_url "postgresql://equeue:$(cat "$folder/postgres_password")@database:5432/equeue"
keep redis_url "redis://:$(cat "$folder/redis_password")@redis:6379/0"
echo "secrets are in $folder"
