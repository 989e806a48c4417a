# An emulated processor's ticks are measured by its kernel while it boots; where the host was busy then, the clock is wrong
# for good, and so is every delay that is emulated by it. The other timer counts in real time; KVM has its own.
clock=/sys/devices/system/clocksource/clocksource0
grep -q kvm-clock $clock/available_clocksource || echo hpet 2>/dev/null >$clock/current_clocksource
