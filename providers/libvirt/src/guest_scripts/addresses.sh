# Gives the interfaces the addresses that the seed has for them, by MAC; read by the first script of a guest.
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
    [ -n "$found" ] || echo "cplan: no interface has the address $mac" >/dev/console
  done </etc/cplan/interfaces
fi
