#!/usr/bin/env bash
# Three machines from nothing until a command runs on each of them over ssh: `cplan apply` against a bare script that hands
# libvirt the same XML, everything in parallel, and tries an authenticated ssh command every 100 ms. In turn, medians.
# Then a no-op plan with the three up against the slowest single machine's read by a plain ssh.
# Takes the cplan binary; ROUNDS may be set. Runs where a libvirtd answers.
set -euo pipefail
cplan=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/timing.sh"
rounds=${ROUNDS:-5}
work=$(mktemp -d /var/tmp/cplan-bench-XXXXXX)
out=$work/out
virsh="virsh -q -c qemu:///system"
machines="cloud0:11 edge0:12 endpoint0:13"
cd "$work"
cp "$here/machines.hcl" main.hcl

quietly() { "$@" >"$out" 2>&1 || { tail -n 30 "$out" >&2; return 1; }; }
up() { "$cplan" apply -auto-approve "$@"; }
down() { quietly "$cplan" destroy -auto-approve "$@"; }
cleanup() {
    bare_down
    [ -z "$("$cplan" state list 2>/dev/null)" ] || down
    rm -rf "$work"
}

# What the bare script gets: cplan's own XML, seeds and key.
take_copies() {
    mkdir xml seeds
    cp .cplan/keys/id_ed25519 key
    for network in $($virsh net-list --name); do $virsh net-dumpxml --inactive "$network" >"xml/$network.net"; done
    for entry in $machines; do
        local name=${entry%:*} domain
        domain=$("$cplan" output -json | jq -r --arg n "$name" '.domains.value[$n]')
        $virsh dumpxml --inactive "$domain" >"xml/$name.domain"
        overlay=$($virsh domblklist "$domain" | awk '$1 == "vda" { print $2 }')
        seed=$($virsh domblklist "$domain" | awk '$1 == "vdb" { print $2 }')
        cp "$seed" "seeds/$name"
        qemu-img info -U --output=json "$overlay" >"seeds/$name.json"
        printf '%s %s\n' "$overlay" "$seed" >"seeds/$name.paths"
        printf '%s\n' "$domain" >"seeds/$name.domain"
    done
}

on() { # HOST SCRIPT…: a command on a machine, by a plain ssh that authenticates
    ssh -F none -i key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -o ConnectTimeout=2 root@"10.86.0.$1" "$2"
}

bare_machine() {
    local name=$1 host=$2 overlay seed
    read -r overlay seed <"seeds/$name.paths"
    mkdir -p "$(dirname "$overlay")"
    qemu-img create -q -f qcow2 -b "$(jq -r '."full-backing-filename"' "seeds/$name.json")" \
        -F "$(jq -r '."backing-filename-format"' "seeds/$name.json")" "$overlay"
    cp "seeds/$name" "$seed"
    $virsh "define xml/$name.domain; start $(cat "seeds/$name.domain")"
    until on "$host" true 2>/dev/null; do sleep 0.1; done
}

bare_up() {
    for network in xml/*.net; do
        $virsh "net-define $network; net-start $(basename "$network" .net)" &
    done
    wait
    for entry in $machines; do bare_machine "${entry%:*}" "${entry#*:}" & done
    wait
}

bare_down() {
    [ -d xml ] || return 0
    for entry in $machines; do
        local name=${entry%:*} domain overlay seed
        [ -e "seeds/$name.paths" ] || continue
        domain=$(cat "seeds/$name.domain")
        read -r overlay seed <"seeds/$name.paths"
        { $virsh destroy "$domain"; $virsh undefine "$domain"; rm -rf "$(dirname "$overlay")"; } >/dev/null 2>&1 &
    done
    wait
    for network in xml/*.net; do
        $virsh net-destroy "$(basename "$network" .net)" >/dev/null 2>&1 || true
        $virsh net-undefine "$(basename "$network" .net)" >/dev/null 2>&1 || true
    done
}

trap cleanup EXIT
trap 'exit 130' INT TERM HUP
echo 'once, not counted: the image comes into the cache, and KVM is probed' >&2
up >"$out" 2>&1 || { tail -n 30 "$out" >&2; exit 1; }
take_copies
down
for round in $(seq "$rounds"); do
    printf '\rround %d of %d' "$round" "$rounds" >&2
    timed up >>cplan.times
    down
    timed bare_up >>bare.times
    bare_down
done
printf '\r%20s\r' '' >&2
printf '%-32s %14s %14s  %s\n' 'three machines from nothing, s' 'cplan' 'bare virsh' 'ratio of medians'
printf '%-32s %14s %14s  %s\n' "wall, median of $rounds" "$(median 1 <cplan.times)" "$(median 1 <bare.times)" \
    "$(ratio "$(median 1 <cplan.times)" "$(median 1 <bare.times)" 1.10)"
printf '%-32s %14s %14s\n' 'cpu of the command' "$(median 2 <cplan.times)" "$(median 2 <bare.times)"
printf '%-32s %s | %s\n' 'all rounds, wall' "$(awk '{ printf "%s ", $1 }' cplan.times)" "$(awk '{ printf "%s ", $1 }' bare.times)"

quietly up -var contents=true
read_all='cat /proc/sys/kernel/random/boot_id; for d in $(ls /sys/class/net); do tc -j qdisc show dev $d; tc -j class show dev $d; tc -j filter show dev $d; done; sha256sum /etc/cplan-bench'
for round in $(seq "$rounds"); do
    timed "$cplan" plan -var contents=true -detailed-exitcode >>noop.times
    for entry in $machines; do timed on "${entry#*:}" "$read_all" >>"read-${entry%:*}.times"; done
done
slowest=0
for entry in $machines; do
    slowest=$(printf '%s\n%s\n' "$slowest" "$(median 1 <"read-${entry%:*}.times")" | sort -n | tail -n1)
done
printf '\n%-32s %14s %14s  %s\n' 'three machines up, s' 'no-op plan' 'slowest read' 'ratio'
printf '%-32s %14s %14s  %s\n' "wall, median of $rounds" "$(median 1 <noop.times)" "$slowest" "$(ratio "$(median 1 <noop.times)" "$slowest" 2)"
