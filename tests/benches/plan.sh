#!/usr/bin/env bash
# Plans 10,000 distinct `terraform_data` blocks from nothing and as a no-op, with cplan and with terraform in turn. CPU time
# is the yardstick, because other work may share the processors. Takes the cplan binary; ROUNDS and BLOCKS may be set.
set -euo pipefail
cplan=$1
. "$(dirname "$0")/timing.sh"
command -v terraform >/dev/null || { echo 'skipped: terraform: it is not installed, and it is the peer of this benchmark'; exit 0; }
blocks=${BLOCKS:-10000} rounds=${ROUNDS:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$work/out
export CHECKPOINT_DISABLE=1
mkdir "$work"/{cplan,terraform}-{new,noop}
awk -v n="$blocks" 'BEGIN { for (i = 0; i < n; i++) printf "resource \"terraform_data\" \"x%d\" {\n  input = \"v%d\"\n}\n\n", i, i }' >"$work/main.tf"
for folder in "$work"/{cplan,terraform}-{new,noop}; do cp "$work/main.tf" "$folder/"; done

# Terraform would need hours to apply this, so that its state is written in its own form, as it would have left it.
awk -v n="$blocks" 'BEGIN {
    printf "{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":1,\"lineage\":\"5b7d5bd5-8fe5-4a3c-8f0b-1e8f7a6b0c1d\",\"outputs\":{},\"check_results\":null,\"resources\":["
    for (i = 0; i < n; i++) {
        printf "%s{\"mode\":\"managed\",\"type\":\"terraform_data\",\"name\":\"x%d\",\"provider\":\"provider[\\\"terraform.io/builtin/terraform\\\"]\",", (i ? "," : ""), i
        printf "\"instances\":[{\"schema_version\":0,\"attributes\":{\"id\":\"00000000-0000-4000-8000-%012d\",", i
        printf "\"input\":{\"value\":\"v%d\",\"type\":\"string\"},\"output\":{\"value\":\"v%d\",\"type\":\"string\"},\"triggers_replace\":null},\"sensitive_attributes\":[]}]}", i, i
    }
    print "]}"
}' >"$work/terraform-noop/terraform.tfstate"

run() { # TOOL FOLDER STATUS: one measured plan; the status is checked, so that nobody is fast by doing something else
    cd "$work/$1-$2"
    local program=terraform
    [ "$1" = terraform ] || program=$cplan
    allowed=$3 timed "$program" plan -input=false -detailed-exitcode -no-color >>"$work/$1-$2.times"
    grep -qE "$4" "$out" || { echo "$1 did not say $4" >&2; exit 1; }
}
cd "$work/cplan-noop"
read -r wall cpu < <(timed "$cplan" apply -auto-approve -input=false -no-color)
printf 'cplan applies %d blocks first: %s s wall, %s s cpu\n' "$blocks" "$wall" "$cpu"
for round in $(seq "$rounds"); do
    for tool in cplan terraform; do
        printf '\rround %d of %d: %-10s' "$round" "$rounds" "$tool" >&2
        run $tool new 2 "$blocks to add"
        run $tool noop 0 'No changes'
    done
done
printf '\r%40s\r' '' >&2
printf '%-28s %12s %12s %12s %12s  %s\n' "plan of $blocks blocks" 'cplan wall' 'cplan cpu' 'peer wall' 'peer cpu' 'cpu ratio'
for kind in new noop; do
    a=$work/cplan-$kind.times b=$work/terraform-$kind.times
    printf '%-28s %12s %12s %12s %12s  %s\n' "$([ $kind = new ] && echo 'from nothing' || echo 'no changes')" "$(median 1 <"$a")" "$(median 2 <"$a")" \
        "$(median 1 <"$b")" "$(median 2 <"$b")" "$(ratio "$(median 2 <"$a")" "$(median 2 <"$b")" 0.05)"
done
