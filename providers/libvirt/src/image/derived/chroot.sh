# Changes the system on a disk in place. Runs in mount and process namespaces of its own, so that whatever it mounts or
# starts ends with it. $1 is a folder with disk.raw, files.tar, run/*, and packages/ where there are any to install.
set -eu
cd "$1"
say() { echo "==> $1"; }
mount --make-rprivate /
mkdir -p root
mount -o loop,discard disk.raw root
mount -t proc proc root/proc
mount -t sysfs -o ro sysfs root/sys
mount -t tmpfs -o mode=755 tmpfs root/run
mount -t tmpfs -o mode=755,nosuid tmpfs root/dev
mkdir -p root/run/lock root/run/cplan/archives/partial root/run/cplan/lists root/dev/pts root/dev/shm
for node in full null random tty urandom zero; do
    : >"root/dev/$node"
    mount --bind "/dev/$node" "root/dev/$node"
done
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts root/dev/pts
mount -t tmpfs -o mode=1777 tmpfs root/dev/shm
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
for i in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${i%:*}" "root/dev/${i#*:}"; done
if [ -f root/etc/resolv.conf ]; then mount --bind /etc/resolv.conf root/etc/resolv.conf; fi

inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1700000000 chroot root "$@"
}

# Services start when a machine does, not here.
policy=root/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    ours=$policy
fi
if [ -d packages ]; then
    say "installing packages"
    mkdir root/run/cplan/packages
    mount --bind packages root/run/cplan/packages
    echo "deb [trusted=yes] copy:/run/cplan/packages ./" >root/run/cplan/sources.list
    apt() {
        inside apt-get -q -o Dir::Etc::SourceList=/run/cplan/sources.list -o Dir::Etc::SourceParts=/dev/null \
            -o Dir::State::Lists=/run/cplan/lists -o Dir::Cache::Archives=/run/cplan/archives \
            -o APT::Sandbox::User=root -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0 \
            -o Dpkg::Options::=--force-unsafe-io "$@"
    }
    apt update
    # shellcheck disable=SC2046
    apt install --yes --allow-downgrades $(cat packages/install)
    if [ -s packages/auto ]; then xargs -r chroot root apt-mark auto <packages/auto >/dev/null; fi
    umount root/run/cplan/packages
fi
say "writing files"
inside tar -xf - -C / <files.tar
for step in run/*; do
    [ -f "$step" ] || continue
    say "running ${step#run/}"
    cp "$step" root/run/cplan/step
    inside sh -eu /run/cplan/step
done

say "tidying up"
[ -z "${ours-}" ] || rm -f "$ours"
rm -f root/etc/ssh/ssh_host_*
rm -rf root/var/cache/apt/*.bin root/tmp/* root/var/tmp/*
: >root/etc/machine-id
if [ -f root/var/lib/dpkg/status ]; then cp root/var/lib/dpkg/status dpkg.status; fi
umount -R root/dev root/run root/proc root/sys
if mountpoint -q root/etc/resolv.conf; then umount root/etc/resolv.conf; fi
umount root
