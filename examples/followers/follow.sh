#!/bin/sh
# Keeps a file of one line at what Vedette's signal for a pool says, and runs a command when that
# changes.
#
#   follow.sh [--once] VEDETTE POOL FILE LINE [COMMAND…]
#
#   follow.sh https://vedette.example shop vedette-shop.conf 'proxy_pass {url};' nginx -s reload
#   follow.sh https://vedette.example shop vedette.map 'shop {origin}' systemctl reload haproxy
#
# In LINE {origin} stands for the name of the origin that traffic should go to, and {url} for its
# address, which the signal has if the pool says expose_urls = true. Each request waits at Vedette
# for the next signal, so it asks twice a minute and hears of a change at once. `--once` writes the
# file and ends, with 1 if there is no signal: run it so before the server starts that reads the
# file. It needs curl 7.83 or newer.
#
# What is no signal changes nothing: no answer, 503 (every origin fails), a signal that may not be
# acted upon (a ttl of 0), an address with characters that have no place in one.
set -eu

once=
if [ "${1:-}" = --once ]; then
  once=yes
  shift
fi
if [ $# -lt 4 ]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
vedette=$1 pool=$2 file=$3 template=$4
shift 4

# What Vedette says: its signal, then the HTTP status and the mark that names it, on a line of their
# own.
ask() {
  curl --silent --show-error --max-time 45 --write-out '\n%{http_code} %header{vedette-revision}\n' \
    "$vedette/route/$pool?wait=30s${mark:+&revision=$mark}"
}

# A member of the signal, which is one flat object on one line.
member() {
  printf '%s\n' "$answer" | sed -n "s/^{.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# The line that the signal amounts to; nothing if it may not be acted upon.
line() {
  [ "$status" = 200 ] || return 0
  [ "$(member ttl)" -gt 0 ] 2>/dev/null || return 0
  origin=$(member origin | grep -xE '[a-z0-9-]+') || return 0
  url=$(member url | grep -xE 'https?://[][A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?') || url=
  case $template in
  *'{url}'*) [ -n "$url" ] || return 0 ;;
  esac
  printf '%s\n' "$template" | sed "s|{origin}|$origin|g; s|{url}|$url|g"
}

mark='' untold=''
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
  wanted=$(line)
  if [ -n "$wanted" ] && [ "$wanted" != "$(cat "$file" 2>/dev/null)" ]; then
    printf '%s\n' "$wanted" >"$file.new"
    mv "$file.new" "$file"
    echo "follow: $pool is at revision $mark: $wanted"
    untold=yes
  fi
  if [ -n "$untold" ]; then
    if [ $# -eq 0 ] || "$@"; then
      untold=''
    else
      # The file says what nobody has read: it is tried again, without a wait for other news.
      echo "follow: $1 failed" >&2
      mark=''
      [ -n "$once" ] || sleep 2
    fi
  fi
  if [ -n "$once" ]; then
    [ -n "$wanted" ] && [ -z "$untold" ]
    exit
  fi
  # What comes at once must not be asked for in a loop: a refusal (429, 404), or an answer without a
  # mark to wait for.
  case $status in
  200 | 503) [ -n "$mark" ] || sleep 1 ;;
  *)
    echo "follow: Vedette answers $status" >&2
    sleep 5
    ;;
  esac
done
