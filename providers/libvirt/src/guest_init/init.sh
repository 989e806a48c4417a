#!/bin/busybox sh
# Stage one: from the initramfs to a root whose changes live on the disk.
# busybox's shell runs its own applets without a new process image: every command here is cheap.
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "$module"; done </etc/cplan/boot-modules

if [ -b /dev/vda ] && mount -t ext4 -o noatime,nodelalloc,commit=1 /dev/vda /run/disk 2>/dev/null; then
  mkdir -p /run/disk/upper /run/disk/work
  # The initramfs itself is the lower layer: nothing is copied, and it must not be emptied (so no switch_root).
  if mount -t overlay -o lowerdir=/,upperdir=/run/disk/upper,workdir=/run/disk/work root /mnt; then
    mount --move /dev /mnt/dev && mount --move /proc /mnt/proc && mount --move /sys /mnt/sys
    cd /mnt && mount --move . / && exec chroot . /bin/busybox sh /etc/cplan/start
  fi
fi
echo "cplan: no usable disk at /dev/vda: the root is in memory and nothing survives a restart" >/dev/console
exec /bin/busybox sh /etc/cplan/start
