# Stage two, in the final root: seed, addresses, ssh; then busybox init reaps, and powers off when told.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs -o mode=755,nosuid,nodev run /run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp /tmp
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
# What is written should be on the disk within about a second: a machine may be killed at any time.
echo 100 >/proc/sys/vm/dirty_writeback_centisecs
echo 100 >/proc/sys/vm/dirty_expire_centisecs

if [ -b /dev/vdb ]; then
  tar -xf /dev/vdb -C / || echo "cplan: the seed at /dev/vdb cannot be unpacked" >/dev/console
else
  echo "cplan: no seed at /dev/vdb" >/dev/console
fi
[ -f /etc/hostname ] && hostname -F /etc/hostname

. /etc/cplan/addresses

# dropbear reads its own key format only; made anew at every start, so that nothing on the disk can stand for the key.
pem=/etc/ssh/ssh_host_ed25519_key
key=/run/dropbear_ed25519
if [ -f "$pem" ]; then
  umask 077
  dropbearconvert openssh dropbear "$pem" "$key" >/dev/null 2>&1 ||
    echo "cplan: the host key in the seed cannot be read" >/dev/console
  umask 022
  dropbear -s -g -m -W 1048576 -r "$key" -P /run/dropbear.pid 2>/dev/console && echo "cplan: ready" >/dev/console
else
  echo "cplan: no host key in the seed: ssh is not started" >/dev/console
fi
exec /bin/busybox init
