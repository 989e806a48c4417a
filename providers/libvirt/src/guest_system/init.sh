#!/bin/busybox sh
# From the initramfs to the system on the disk, which then starts systemd.
export PATH=/sbin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "$module"; done </etc/cplan/boot-modules
root=/dev/vda
read -r line </proc/cmdline
for word in $line; do case $word in root=*) root=${word#root=} ;; esac; done
mount -t ext4 -o noatime,commit=1 "$root" /mnt || {
  echo "cplan: no system on the disk at $root" >/dev/console
  poweroff -f
}
for name in dev proc sys; do mount --move "/$name" "/mnt/$name"; done
exec switch_root -c /dev/console /mnt /lib/systemd/systemd
