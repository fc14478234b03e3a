#!/bin/sh
# Points a DNS record at the origin that Vedette names for a pool, through the API of Cloudflare
# DNS. Another provider takes another `change`.
#
#   dns-switch.sh [--once] [--send] VEDETTE POOL ZONE RECORD NAME TYPE ORIGIN=CONTENT…
#
#   dns-switch.sh https://vedette.example shop ZONE_ID RECORD_ID shop.example.com A \
#     primary=192.0.2.10 standby=192.0.2.20
#
# Without `--send` it is a dry run: it prints what it would send, and sends nothing. With it,
# CF_API_TOKEN must be a token that may edit the DNS of that zone. `--once` looks once and ends,
# with 1 if there is no signal; else it follows for good, each request waiting at Vedette for the
# next signal. It needs curl 7.83 or newer. It goes by the names of origins, so the pool needs not
# expose addresses.
#
# What is no signal changes nothing: no answer, 503 (every origin fails), `unknown`, a ttl of 0, an
# origin that was not named above. Resolvers keep a record for its TTL: a switch by DNS takes effect
# that much later.
set -eu

API=${CF_API:-https://api.cloudflare.com/client/v4}
TTL=60

once='' send=''
while :; do
  case ${1:-} in
  --once) once=yes ;;
  --send) send=yes ;;
  --dry-run) send='' ;;
  *) break ;;
  esac
  shift
done
if [ $# -lt 7 ]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
if [ -n "$send" ] && [ -z "${CF_API_TOKEN:-}" ]; then
  echo 'dns-switch: CF_API_TOKEN is not set; without --send nothing is sent and none is needed.' >&2
  exit 2
fi
vedette=$1 pool=$2 zone=$3 record=$4 name=$5 type=$6
shift 6

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

# The content for the origin that the signal names; nothing if it names none that may be acted upon.
content() {
  [ "$status" = 200 ] || return 0
  [ "$(member status)" != unknown ] || return 0
  [ "$(member ttl)" -gt 0 ] 2>/dev/null || return 0
  origin=$(member origin)
  for pair in "$@"; do
    if [ -n "$origin" ] && [ "${pair%%=*}" = "$origin" ]; then
      printf '%s\n' "${pair#*=}"
      return 0
    fi
  done
}

# Changes the record, or says how it would.
change() {
  url=$API/zones/$zone/dns_records/$record
  body="{\"type\":\"$type\",\"name\":\"$name\",\"content\":\"$1\",\"ttl\":$TTL}"
  if [ -z "$send" ]; then
    printf 'dry run: PATCH %s\n  Authorization: Bearer (CF_API_TOKEN)\n  Content-Type: application/json\n  %s\n' "$url" "$body"
    return 0
  fi
  # The token goes by a file of its own, where no list of processes shows it.
  printf 'header = "Authorization: Bearer %s"\n' "$CF_API_TOKEN" |
    curl --silent --show-error --fail --max-time 30 --config - --request PATCH \
      --header 'Content-Type: application/json' --data "$body" --output /dev/null "$url"
}

mark='' last=''
while :; do
  if ! answer=$(ask); then
    [ -z "$once" ] || exit 1
    mark=''
    sleep 1
    continue
  fi
  status=${answer##*
}
  mark=${status#* } status=${status%% *}
  wanted=$(content "$@")
  if [ -n "$wanted" ] && [ "$wanted" != "$last" ]; then
    if change "$wanted"; then
      echo "dns-switch: $name goes to $wanted (revision $mark)"
      last=$wanted
    else
      # It is tried again with the next answer, at once.
      echo "dns-switch: $name could not be changed" >&2
      mark=''
      sleep 5
    fi
  fi
  if [ -n "$once" ]; then
    [ -n "$wanted" ] && [ "$wanted" = "$last" ]
    exit
  fi
  # What comes at once must not be asked for in a loop: a refusal (429, 404), or an answer without a
  # mark to wait for.
  case $status in
  200 | 503) [ -n "$mark" ] || sleep 1 ;;
  *)
    echo "dns-switch: Vedette answers $status" >&2
    sleep 5
    ;;
  esac
done
