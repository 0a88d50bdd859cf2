#!/bin/sh
# Stand-in for sudo on the manager host stand-in, where every login is root already.
while :; do
    case "$1" in
        -n | -E | -H) shift ;;
        --) shift && break ;;
        -*) echo "sudo (stand-in): unknown option $1" >&2 && exit 1 ;;
        *) break ;;
    esac
done
if [ $# -eq 0 ]; then
    echo "sudo (stand-in): no command given" >&2
    exit 1
fi
exec /usr/bin/env "$@"
