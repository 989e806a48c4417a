#!/bin/sh
# A libvirt host of its own for tests: virtlogd and libvirtd inside a network and a mount namespace, so that bridges,
# addresses, domains and /var/lib/libvirt are private and several such hosts can live beside each other.
#
#   testbed.sh [-d DIR] up          start it, unless it runs
#   testbed.sh [-d DIR] run CMD…    run CMD inside it (starts it first); where a libvirtd of the host's answers, CMD
#                                   simply runs, because then the host is a libvirt host already
#   testbed.sh [-d DIR] enter CMD…  the same, whatever libvirtd answers outside of it
#   testbed.sh [-d DIR] down        end its guests, networks and processes and remove the namespace
#
# DIR (or CPLAN_TESTBED, otherwise /var/tmp/cplan-testbed) keeps its state and must not lie in /run. Only root can do this.
#
# Two ordinary users, cplan-one and cplan-two, exist inside, in the groups libvirt and kvm.
#
# What is private: the network, /etc/passwd and /etc/group, /run, /etc/libvirt, /var/lib/libvirt, /var/cache/libvirt, /var/log/libvirt, /dev/kvm.
# All else is the host's: a cache_dir such as /var/lib/cplan or a temporary folder is the same inside and outside, and only
# has to be searchable by libvirt-qemu, as on any host.
#
# QEMU runs as libvirt-qemu with dynamic ownership, as Debian ships it: what works here works on a real host. libvirt
# asks QEMU anew for its capabilities at every single start when that user may not open an existing /dev/kvm (68 s
# instead of 0.3 s), so the private /dev/kvm belongs to the group kvm, as udev would have it.
#
# CPLAN_TESTBED_CGROUPS=hidden starts it without the cgroups of the host, as in many a container.
#
# If slirp4netns is installed the namespace has an uplink (10.0.2.0/24, user-mode, nothing of the host is changed).
set -eu

die() { echo "testbed: $*" >&2; exit 1; }

dir=${CPLAN_TESTBED:-/var/tmp/cplan-testbed}
if [ "${1-}" = -d ]; then
    [ $# -ge 2 ] || die "-d needs a folder"
    dir=$2
    shift 2
fi
[ $# -ge 1 ] || die "say up, down or run CMD"
verb=$1
shift

host_answers() { timeout 5 virsh -c qemu:///system uri >/dev/null 2>&1; }

# A nested `run`, or a real libvirt host: nothing to set up.
case $verb in
run)
    [ $# -ge 1 ] || die "run needs a command"
    if host_answers; then exec "$@"; fi
    ;;
enter) [ $# -ge 1 ] || die "enter needs a command" ;;
esac

[ "$(id -u)" = 0 ] || die "only root can make namespaces; run it with sudo"
for program in ip nsenter unshare flock virsh libvirtd virtlogd; do
    command -v "$program" >/dev/null || die "$program is missing; apt-get install iproute2 util-linux libvirt-daemon-system libvirt-clients"
done

umask 022
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)
# The name must differ per folder and fit into interface-name-like limits.
ns=cplan-$(printf %s "$dir" | cksum | cut -d' ' -f1)
boot=$(cat /proc/sys/kernel/random/boot_id)

# All pids of the namespace, which are exactly the processes that were started inside it.
inside() { ip netns pids "$ns" 2>/dev/null || true; }
is_inside() { [ -n "$1" ] && inside | grep -qx "$1"; }
pid_of() { cat "$dir/run/$1.pid" 2>/dev/null || true; }
enter() { nsenter -t "$(pid_of libvirtd)" -m -n -- "$@"; }
# A pid may be used again by a stranger: it is ours only if it began when we noted it.
began() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
is_noted() { [ -s "$1" ] && read -r pid start <"$1" && [ -n "$pid" ] && [ "$(began "$pid")" = "$start" ]; }

running() {
    is_inside "$(pid_of libvirtd)" && is_inside "$(pid_of virtlogd)" && enter virsh -c qemu:///system uri >/dev/null 2>&1
}

up() {
    running && return
    # Files that a previous boot of the host left name processes that are gone.
    if [ "$(cat "$dir/boot" 2>/dev/null || true)" != "$boot" ]; then
        rm -rf "$dir/run"
        echo "$boot" >"$dir/boot"
    fi
    for name in libvirtd virtlogd; do
        if is_inside "$(pid_of "$name")"; then kill "$(pid_of "$name")"; fi
    done
    [ -e "/run/netns/$ns" ] || ip netns add "$ns"
    ip -n "$ns" link set lo up
    uplink
    mkdir -p "$dir/run/libvirt" "$dir/run/lock" "$dir/cgroup" "$dir/dev" "$dir/cache" "$dir/log/qemu" \
        "$dir/lib/dnsmasq" "$dir/lib/qemu" "$dir/lib/network" "$dir/lib/images"
    chown -R libvirt-qemu "$dir/lib/qemu"
    if [ ! -d "$dir/etc" ]; then
        cp -a /etc/libvirt "$dir/etc"
        # Who is in the group gets in, also where no polkit asks who somebody is.
        printf 'unix_sock_group = "libvirt"\nunix_sock_rw_perms = "0770"\nauth_unix_rw = "none"\n' >>"$dir/etc/libvirtd.conf"
        # Debian's `default` network would claim 192.168.122.0/24 here too.
        rm -f "$dir/etc/qemu/networks/autostart/"*
    fi
    { cat /etc/passwd; users "%s:x:%d:%d::/nonexistent:/bin/sh\n"; } >"$dir/passwd"
    { sed -E 's/^((libvirt|kvm):[^:]*:[^:]*:.*[^:])$/\1,/; s/^((libvirt|kvm):.*)$/\1cplan-one,cplan-two/' /etc/group
      users "%s:x:%d:\n"; } >"$dir/group"
    chmod 644 "$dir/passwd" "$dir/group"
    if [ -e /dev/kvm ] && [ ! -e "$dir/dev/kvm" ]; then
        mknod "$dir/dev/kvm" c 10 232
        chgrp kvm "$dir/dev/kvm"
        chmod 660 "$dir/dev/kvm"
    fi
    # A sysfs of this network namespace would hide the cgroups, without which libvirt ignores cpu quotas: they are bound back.
    nsenter --net="/run/netns/$ns" unshare -m sh -eu -c '
        dir=$1
        cgroups=$2
        mount --make-rprivate /
        mount --rbind /sys/fs/cgroup "$dir/cgroup"
        mount -t sysfs sysfs /sys
        [ "$cgroups" = hidden ] || mount --rbind "$dir/cgroup" /sys/fs/cgroup
        # libvirt would take this place for the tree, too.
        umount -l "$dir/cgroup"
        mount --bind "$dir/passwd" /etc/passwd
        mount --bind "$dir/group" /etc/group
        resolv=$(readlink -f /etc/resolv.conf)
        mount --bind "$dir/run" /run
        mount --bind "$dir/etc" /etc/libvirt
        mount --bind "$dir/lib" /var/lib/libvirt
        mount --bind "$dir/cache" /var/cache/libvirt
        mount --bind "$dir/log" /var/log/libvirt
        if [ -e "$dir/dev/kvm" ]; then mount --bind "$dir/dev/kvm" /dev/kvm; fi
        if [ -e "$dir/uplink" ]; then
            echo "nameserver 10.0.2.3" >"$dir/resolv.conf"
            mkdir -p "$(dirname "$resolv")"
            [ -e "$resolv" ] || : >"$resolv"
            mount --bind "$dir/resolv.conf" "$resolv"
        fi
        virtlogd -d -p /run/virtlogd.pid
        libvirtd -d -p /run/libvirtd.pid
    ' sh "$dir" "${CPLAN_TESTBED_CGROUPS-}" 9>&- </dev/null
    tries=0
    until running; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || die "libvirtd does not answer; see $dir/log"
        sleep 0.1
    done
}

# Lines of the two users: name, and twice the number.
users() { for n in one,64101 two,64102; do printf "$1" "cplan-${n%,*}" "${n#*,}" "${n#*,}"; done; }

uplink() {
    command -v slirp4netns >/dev/null || return 0
    is_noted "$dir/uplink" && return
    rm -f "$dir/uplink"
    setsid slirp4netns --configure --disable-host-loopback --netns-type=path "/run/netns/$ns" tap0 \
        >"$dir/slirp4netns.log" 2>&1 </dev/null 9>&- &
    pid=$!
    echo "$pid $(began "$pid")" >"$dir/uplink"
    tries=0
    until ip -n "$ns" route show default 2>/dev/null | grep -q tap0; do
        tries=$((tries + 1))
        if [ $tries -ge 50 ] || ! is_noted "$dir/uplink"; then
            echo "testbed: no uplink: $(tail -n1 "$dir/slirp4netns.log")" >&2
            if is_noted "$dir/uplink"; then kill "$pid"; fi
            rm -f "$dir/uplink"
            return 0
        fi
        sleep 0.1
    done
}

# The guests in parallel: QEMU takes its time to end under emulation.
end_guests() {
    running || return 0
    for domain in $(enter virsh -c qemu:///system list --uuid); do
        enter virsh -c qemu:///system destroy "$domain" >/dev/null 2>&1 9>&- &
    done
    wait
    for network in $(enter virsh -c qemu:///system net-list --uuid); do
        enter virsh -c qemu:///system net-destroy "$network" >/dev/null 2>&1 || true
    done
}

down() {
    end_guests
    tries=0
    while [ -n "$(inside)" ]; do
        signal=TERM
        [ $tries -lt 50 ] || signal=KILL
        [ $tries -lt 100 ] || die "these processes do not end: $(inside | tr '\n' ' ')"
        # Asked once, then waited for; twice only for those that did not hear.
        if [ $((tries % 50)) = 0 ]; then
            for pid in $(inside); do kill -$signal "$pid" 2>/dev/null || true; done
        fi
        tries=$((tries + 1))
        sleep 0.1
    done
    if is_noted "$dir/uplink"; then
        read -r pid start <"$dir/uplink"
        kill "$pid"
    fi
    if [ -e "/run/netns/$ns" ]; then ip netns del "$ns"; fi
    rm -rf "$dir/run" "$dir/lib" "$dir/cache" "$dir/etc" "$dir/log" "$dir/dev" "$dir/uplink" "$dir/resolv.conf" "$dir/passwd" "$dir/group" \
        "$dir/slirp4netns.log" "$dir/boot"
    rmdir "$dir/cgroup" 2>/dev/null || true
}

# One at a time; what is started inside must not inherit the lock.
exec 9>"$dir/lock"
flock 9
case $verb in
up) up ;;
down) down ;;
run | enter)
    up
    exec 9>&-
    exec nsenter -t "$(pid_of libvirtd)" -m -n -- sh -c 'cd "$1" && shift && exec "$@"' sh "$(pwd)" "$@"
    ;;
*) die "say up, down, run CMD or enter CMD" ;;
esac
