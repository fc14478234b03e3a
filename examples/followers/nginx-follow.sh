#!/bin/sh
# Keeps a file for nginx at the origin that Vedette names for a pool, and reloads nginx when that changes.
#
#   nginx-follow.sh [--once] VEDETTE POOL FILE [RELOAD…]
#
#   nginx-follow.sh https://vedette.example shop /etc/nginx/vedette-shop.conf nginx -s reload
#
# Each request waits at Vedette for the next signal, so it asks twice a minute and hears of a change at once. It needs curl 7.83 or
# newer, and a pool with expose_urls = true. `--once` writes the file and ends, with 1 if there is no signal: run it so before nginx
# starts.
#
# What is no signal changes nothing: no answer, 503 (every origin fails), a signal that may not be acted upon (a ttl of 0), an
# address with characters that have no place in one.
set -eu

once=
if [ "${1:-}" = --once ]; then
  once=yes
  shift
fi
if [ $# -lt 3 ]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
vedette=$1 pool=$2 file=$3
shift 3

# What Vedette says: its signal, then the HTTP status and the mark that names it, on a line of their own.
ask() {
  curl --silent --show-error --max-time 45 --write-out '\n%{http_code} %header{vedette-revision}\n' \
    "$vedette/route/$pool?wait=30s${mark:+&revision=$mark}"
}

# A member of the signal, which is one flat object on one line.
member() {
  printf '%s\n' "$answer" | sed -n "s/^{.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# The address that nginx is to pass to; nothing if the signal names none that may be acted upon.
address() {
  [ "$status" = 200 ] || return 0
  [ "$(member ttl)" -gt 0 ] 2>/dev/null || return 0
  member url | grep -E '^https?://[][A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?$' || true
}

mark=
while :; do
  if ! answer=$(ask); then
    [ -z "$once" ] || exit 1
    mark=
    sleep 1
    continue
  fi
  status=${answer##*
}
  mark=${status#* } status=${status%% *}
  url=$(address)
  line="proxy_pass $url;"
  if [ -n "$url" ] && [ "$line" != "$(cat "$file" 2>/dev/null)" ]; then
    printf '%s\n' "$line" >"$file.new"
    mv "$file.new" "$file"
    echo "nginx-follow: $pool goes to $url (revision $mark)"
    [ $# -eq 0 ] || "$@"
  fi
  if [ -n "$once" ]; then
    [ -n "$url" ]
    exit
  fi
  # What comes at once must not be asked for in a loop: a refusal (429, 404), or an answer without a mark to wait for.
  case $status in
  200 | 503) [ -n "$mark" ] || sleep 1 ;;
  *)
    echo "nginx-follow: Vedette answers $status" >&2
    sleep 5
    ;;
  esac
done
