#!/usr/bin/env bash
# How long a machine takes from nothing until systemd says that it is up, on a derived image with containerd against the bare
# image it is made from; in turn, medians. Both images are in the cache before anything is timed, and nothing may be built
# or installed afterwards. Takes the cplan binary; ROUNDS may be set. Runs where a libvirtd answers.
set -euo pipefail
cplan=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/timing.sh"
rounds=${ROUNDS:-5}
work=$(mktemp -d /var/tmp/cplan-bench-XXXXXX)
out=$work/out
cd "$work"
cp "$here/images.hcl" main.hcl

cleanup() {
    [ -z "$("$cplan" state list 2>/dev/null)" ] || "$cplan" destroy -auto-approve >/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

apply() { "$cplan" apply -auto-approve -var "image=$1"; }

echo 'once, not counted: the images come into the cache' >&2
apply none >"$out" 2>&1 || { tail -n 30 "$out" >&2; exit 1; }
# Round 0 is not counted: the host reads both images, and QEMU, from its own disk for the first time.
for round in $(seq 0 "$rounds"); do
    for image in bare warm; do
        printf '\rround %d of %d, %s' "$round" "$rounds" "$image" >&2
        taken=$(timed apply "$image")
        [ "$round" = 0 ] || echo "$taken" >>"$image.times"
        if grep -q 'lab_image' "$out"; then
            echo 'an image was touched again:' >&2
            grep 'lab_image' "$out" >&2
            exit 1
        fi
        apply none >"$out" 2>&1 || { tail -n 30 "$out" >&2; exit 1; }
    done
done
printf '\r%30s\r' '' >&2
printf '%-32s %14s %14s  %s\n' 'one machine until it is up, s' 'with containerd' 'bare' 'ratio of medians'
printf '%-32s %14s %14s  %s\n' "wall, median of $rounds" "$(median 1 <warm.times)" "$(median 1 <bare.times)" \
    "$(ratio "$(median 1 <warm.times)" "$(median 1 <bare.times)" 1.2)"
printf '%-32s %s | %s\n' 'all rounds, wall' "$(awk '{ printf "%s ", $1 }' warm.times)" "$(awk '{ printf "%s ", $1 }' bare.times)"
