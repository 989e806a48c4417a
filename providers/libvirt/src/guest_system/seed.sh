#!/bin/sh
# Takes over the seed, at every start: host name, ssh host key, authorized key, addresses by MAC.
# The seed is a NoCloud volume; beside what cloud-init reads of it lies the same as an archive, which needs no YAML.
say() { echo "cplan: $1" >/dev/console; }

. /usr/lib/cplan/clock

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

. /usr/lib/cplan/addresses
[ -s /etc/ssh/ssh_host_ed25519_key ] || say "no host key in the seed: ssh cannot start"

# A machine's disk may be larger than its image's; the journal is made large enough for that.
resize2fs /dev/vda >/dev/null 2>&1 || say "the file system cannot grow to the size of the disk"
