#!/bin/busybox sh
# What nobody waits for: a clock that keeps time, memory ballooning, and the power button, so that a graceful shutdown
# works. An emulated processor's ticks are measured by its kernel while it boots; where the host was busy then, the clock is
# wrong for good, and so is every delay that is emulated by it. The other timer counts in real time; KVM has its own.
clock=/sys/devices/system/clocksource/clocksource0
grep -q kvm-clock $clock/available_clocksource || echo hpet >$clock/current_clocksource 2>/dev/null
modprobe -a virtio_balloon button evdev 2>/dev/null
exec acpid -f -c /etc/acpi -l /dev/null
