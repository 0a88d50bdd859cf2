# Read by bash before a page's commands: the first that fails ends the page and is named with its line.
unset BASH_ENV
set -E -e -o pipefail
trap 'ended=$?; line=$LINENO; [ ${#FUNCNAME[@]} -eq 0 ] || line=${BASH_LINENO[0]}; echo "$PAGE:$line: it ended with $ended"' ERR

# A person types secrets in; a value that comes by a pipe is taken as it is. A new stack's key is the local cloud's.
pulumi() {
  case "$*" in
    "stack init "*) set -- "$@" --secrets-provider "$SECRETS_PROVIDER" ;;
    *" --secret"*":token") [ -p /dev/stdin ] || { command pulumi "$@" <<< "$RUNNER_TOKEN"; return; } ;;
    *" --secret"*) [ -p /dev/stdin ] || { command pulumi "$@" <<< "a-secret"; return; } ;;
  esac
  command pulumi "$@"
}

# `make` has local clouds of its own: they find the engine where a person's cache is.
make() { XDG_CACHE_HOME="$ENGINE_CACHE" command make $MAKE_WITH "$@"; }

# No echo of keys: what is typed in on the manager goes there as it stands.
on_manager() { (cd "$CHECKOUT" && $ON_MANAGER "$1"); }
