#!/usr/bin/env bash
# The sample settings in deploy/ are what the programs print, and the programs take them.
set -euo pipefail
cd "$(dirname "$0")/../.."
if "$OCOP_BIN/ocop-broker" --run /tmp --state /tmp --set disk/warn_bytes=1000 --check 2>/dev/null; then
    echo "ocop-broker took a warning that comes after the refusal"
    exit 1
fi
slip=$(mktemp)
trap 'rm -f "$slip"' EXIT
printf 'role\n    province\n        follow = "certifcation."\n' > "$slip"
for service in broker intake scoring certification notification courier; do
    program="$OCOP_BIN/ocop-$service"
    "$program" --sample | diff -u "deploy/$service.zpl.sample" - ||
        { echo "deploy/$service.zpl.sample is not current: ocop-$service --sample > deploy/$service.zpl.sample"; exit 1; }
    "$program" --run /tmp --state /tmp --config "deploy/$service.zpl.sample" --check
    policy=policy
    if [ "$service" = broker ]; then policy=keys/policy; fi
    "$program" --run /tmp --state /tmp --set "$policy=deploy/policy.zpl" --check
    if "$program" --run /tmp --state /tmp --set "$policy=deploy/demo" --check 2>/dev/null; then
        echo "ocop-$service took a policy that is none"
        exit 1
    fi
    if said=$("$program" --run /tmp --state /tmp --set "$policy=$slip" --check 2>&1); then
        echo "ocop-$service took a policy with a slip of the pen"
        exit 1
    fi
    [[ $said == *'line 3: there is no "certifcation"'*'the nearest is "certification"'* ]] || { echo "$said"; exit 1; }
    for words in --nosuch extra "--config /nowhere/x.zpl --check" "--config /tmp --check" "--run /tmp --state /nowhere"; do
        code=0
        said=$("$program" $words 2>&1) || code=$?
        [ "$code" = 2 ] || { echo "ocop-$service $words ended with $code, not 2: $said"; exit 1; }
    done
    [[ $said == *"may I write there?"* ]] || { echo "$said"; exit 1; }
    if "$program" --set no/such_key=1 --check 2>/dev/null; then
        echo "ocop-$service took a key that it does not know"
        exit 1
    fi
    for key in broker bus/endpoint; do
        if "$program" --run /tmp --state /tmp --set "$key=tcp://127.0.0.1:5555" --check 2>/dev/null; then
            echo "ocop-$service took a TCP endpoint without keys"
            exit 1
        fi
    done
done
