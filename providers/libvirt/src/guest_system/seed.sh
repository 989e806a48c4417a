#!/bin/sh
# Takes over the seed, at every start: host name, ssh host key, authorized key, addresses by MAC.
# The seed is a NoCloud volume; beside what cloud-init reads of it lies the same as an archive, which needs no YAML.
say() { echo "cplan: $1" >/dev/console; }

# An emulated processor's ticks are off where the host was busy when their rate was measured; the other timer keeps time.
clock=/sys/devices/system/clocksource/clocksource0
grep -q kvm-clock $clock/available_clocksource || echo hpet 2>/dev/null >$clock/current_clocksource

mkdir -p /run/cplan/seed
if mount -t vfat -o ro /dev/vdb /run/cplan/seed 2>/dev/null; then
  tar -xf /run/cplan/seed/cplan.tar -C / --no-same-owner || say "the seed at /dev/vdb cannot be unpacked"
  umount /run/cplan/seed
else
  say "no seed at /dev/vdb"
fi

[ -s /etc/hostname ] && hostname -F /etc/hostname
name=$(hostname)
grep -qs "^127\.0\.1\.1 $name\$" /etc/hosts || printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost\n' "$name" >/etc/hosts

ip link set lo up
if [ -f /etc/cplan/interfaces ]; then
  while read -r mac address gateway; do
    [ -n "$address" ] || continue
    found=
    for device in /sys/class/net/*; do
      read -r own <"$device/address" || continue
      [ "$own" = "$mac" ] || continue
      found=${device##*/}
      ip link set "$found" up
      ip addr add "$address" dev "$found" 2>/dev/null
      if [ -n "$gateway" ]; then
        ip route replace default via "$gateway" dev "$found"
        [ -s /etc/resolv.conf ] || echo "nameserver $gateway" >/etc/resolv.conf
      fi
    done
    [ -n "$found" ] || say "no interface has the address $mac"
  done </etc/cplan/interfaces
fi
[ -s /etc/ssh/ssh_host_ed25519_key ] || say "no host key in the seed: ssh cannot start"

# A machine's disk may be larger than its image's.
resize2fs /dev/vda >/dev/null 2>&1 || say "the file system cannot grow to the size of the disk"
