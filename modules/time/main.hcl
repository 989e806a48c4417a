locals {
  server    = coalesce(var.server, sort(keys(var.machines))[0])
  followers = { for name, machine in var.machines : name => machine if name != local.server }
  # Marked as probes are, so that a link's delay, jitter and loss do not reach it.
  common = ["driftfile /var/lib/chrony/chrony.drift", "makestep 0.1 -1", "rtcsync", "dscp 47"]

  config = {
    for name, machine in var.machines : name => "${join("\n", concat(local.common, name == local.server
      ? concat([for server in var.upstream : "server ${server} iburst"], ["allow", "local stratum 8"])
      : ["server ${var.machines[local.server].lab_address} iburst minpoll 0 maxpoll 2 xleave"]
    ))}\n"
  }
}

locals {
  # Goes on where the clock source is to be another: a container, say, has no say in it.
  emulated = <<-EOT
    cd /sys/devices/system/clocksource/clocksource0 && [ -w current_clocksource ] || exit 0
    [ "$(systemd-detect-virt)" = qemu ] && grep -qw hpet available_clocksource || exit 0
  EOT
}

# A chrony that was there before reads its own configuration again, when that is back.
resource "lab_command" "before" {
  for_each = var.machines
  machine  = each.value.access
  apply    = "true"
  remove   = "systemctl -q try-restart chrony 2>/dev/null || true"
}

resource "lab_package" "chrony" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "chrony"
  depends_on = [lab_command.before]
}

resource "lab_file" "config" {
  for_each   = var.machines
  machine    = each.value.access
  path       = "/etc/chrony/chrony.conf"
  content    = local.config[each.key]
  overwrite  = true
  depends_on = [lab_package.chrony]
}

# An emulated processor counts ticks that its kernel measured while the host was busy, and is off by half: its other timer
# keeps time. KVM's guests are not touched.
resource "lab_command" "source" {
  for_each         = var.machines
  machine          = each.value.access
  survives_restart = false

  check  = <<-EOT
    ${local.emulated}
    [ "$(cat current_clocksource)" = hpet ]
  EOT
  apply  = <<-EOT
    ${local.emulated}
    echo hpet >current_clocksource
  EOT
  remove = <<-EOT
    cd /sys/devices/system/clocksource/clocksource0 || exit 0
    [ ! -w current_clocksource ] || [ "$(cat current_clocksource)" != hpet ] || sed 's/ .*//' available_clocksource >current_clocksource
  EOT
}

resource "lab_service" "chrony" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "chrony"
  restart_on = { config = lab_file.config[each.key].written }
  depends_on = [lab_command.source]
}

# Done when the clock is right, not when a daemon runs: an offset is an error of every one-way delay.
resource "lab_command" "synchronised" {
  for_each = local.followers
  machine  = each.value.access
  triggers = { config = local.config[each.key] }
  # A moment is granted: a clock that is being put right is no drift.
  check = "chronyc -n waitsync 5 ${var.tolerance} 0 1"
  apply = "chronyc -n waitsync 180 ${var.tolerance} 0 1 || { chronyc -n sources; chronyc -n tracking; exit 1; }"

  depends_on = [lab_service.chrony]
}
