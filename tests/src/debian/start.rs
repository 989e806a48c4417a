//! The scripts that start a machine, and the file system that it stands on.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Where the file system that all machines stand on is kept between runs.
const BASE: &str = "/var/tmp/cplan-tests-debian-bookworm-2";

/// What starts a machine: a writable layer that is gone with the namespace, and systemd as its first process, in a control
/// group of its own. `$1` is its folder, `$2` the repository, `$3` the file system; with `debian` as `$4`
/// packages come from where this host's do; `$5` is its address where it has a network of its own.
pub(super) const START: &str = r#"
mount --make-rprivate /
mount -t tmpfs -o mode=755 rw "$1/rw"
mkdir "$1/rw/upper" "$1/rw/work" "$1/rw/root"
mount -t overlay -o "lowerdir=$3,upperdir=$1/rw/upper,workdir=$1/rw/work" o "$1/rw/root"
root=$1/rw/root
mkdir -p "$root/test" "$root/repository"
mount --bind "$1" "$root/test"
mount --bind "$2" "$root/repository"
mount -t proc p "$root/proc"
mount -t sysfs -o ro s "$root/sys"
mount -t tmpfs -o mode=755 d "$root/dev"
for node in null zero full random urandom tty; do
    : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 p "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs r "$root/run"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 c "$root/sys/fs/cgroup"
else
    mount -t tmpfs c "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd c "$root/sys/fs/cgroup/systemd"
fi
rm -f "$root/usr/sbin/policy-rc.d"
if [ "$4" = debian ]; then
    rm -r "$root/etc/apt"
    cp -a /etc/apt "$root/etc/"
    # What this host knows of the sources serves its machines; where that is out of date, they ask anew.
    cp -a /var/lib/apt/lists "$root/var/lib/apt/"
    # A host that is a container itself throws away what apt has read, which a machine reads again at every command then.
    printf '%s\n' '#clear DPkg::Post-Invoke;' '#clear APT::Update::Post-Invoke-Success;' 'Dir::Cache::pkgcache "pkgcache.bin";' \
        'Dir::Cache::srcpkgcache "srcpkgcache.bin";' 'Acquire::GzipIndexes "false";' >"$root/etc/apt/apt.conf.d/zz-machine"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    if [ -n "$5" ]; then
        # slirp4netns answers there.
        echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
    else
        # The network is this host's: what packages start by themselves would take the ports of others.
        printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
        chmod 755 "$root/usr/sbin/policy-rc.d"
    fi
else
    echo 'deb [trusted=yes] file:/repository ./' >"$root/etc/apt/sources.list"
    rm -f "$root/etc/apt/sources.list.d/"*
fi
# The clock is this host's: chrony may look at it and not touch it.
echo 'DAEMON_OPTS="-F 1 -x"' >"$root/etc/default/chrony"
cp "$1/config" "$root/etc/ssh/sshd_config"
cd "$root"
pivot_root . mnt
umount -l /mnt
# Where version 1 of control groups is, systemd would mount version 2 beside it, whose root all machines share.
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
    systemd.legacy_systemd_cgroup_controller=1
"#;

/// Enters a control group named `$1` in every hierarchy that systemd writes to, then becomes the rest, in a network of its
/// own behind the bridge of the namespace `$2` with the address `$3`, or in this host's where these are empty.
pub(super) const ENTER: &str = r#"
for top in /sys/fs/cgroup /sys/fs/cgroup/systemd; do
    if [ -e "$top/cgroup.procs" ]; then
        mkdir -p "$top/$1"
        echo $$ >"$top/$1/cgroup.procs"
    fi
done
lan=$2 address=$3
shift 3
set -- unshare --mount --pid --uts --ipc --cgroup --fork --kill-child "$@"
[ -n "$lan" ] || exec "$@"
exec unshare --net sh -euc '
    lan=$1 address=$2
    shift 2
    nsenter --net="$lan" ip link add "m${address##*.}" master lan up type veth peer name eth0 netns $$
    ip link set lo up
    ip address add "$address/24" dev eth0
    ip link set eth0 up
    ip route add default via "${address%.*}.1"
    exec "$@"
' sh "$lan" "$address" "$@"
"#;

/// The file system, made once; a half-made one is never used.
pub(super) fn base() -> io::Result<PathBuf> {
    let base = PathBuf::from(BASE);
    let lock = fs::File::create(format!("{BASE}.lock"))?;
    lock.lock()?;
    if base.exists() {
        return Ok(base);
    }
    let new = format!("{BASE}.new");
    let _ = fs::remove_dir_all(&new);
    let output = Command::new("mmdebstrap")
        .args(["--variant=apt", "--include=systemd-sysv,dbus,openssh-server,procps", "--quiet", "bookworm"])
        .arg(&new)
        .args(["--customize-hook=rm -f $1/var/log/apt/* $1/var/lib/apt/lists/* || true"])
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("mmdebstrap failed: {said}")));
    }
    fs::rename(&new, &base)?;
    Ok(base)
}
