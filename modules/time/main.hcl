locals {
  server    = coalesce(var.server, sort(keys(var.machines))[0])
  followers = { for name, machine in var.machines : name => machine if name != local.server }
  # Marked as probes are, so that a link's delay, jitter and loss do not reach it.
  common = ["driftfile /var/lib/chrony/chrony.drift", "makestep 0.1 -1", "rtcsync", "dscp 47"]

  config = {
    for name, machine in var.machines : name => "${join("\n", concat(local.common, name == local.server
      ? concat([for server in var.upstream : "server ${server} iburst"], ["allow", "local stratum 8"])
      : ["server ${var.machines[local.server].lab_address} iburst minpoll 0 maxpoll 4 xleave"]
    ))}\n"
  }
}

resource "lab_package" "chrony" {
  for_each = var.machines
  machine  = each.value.access
  name     = "chrony"
}

resource "lab_file" "config" {
  for_each   = var.machines
  machine    = each.value.access
  path       = "/etc/chrony/chrony.conf"
  content    = local.config[each.key]
  overwrite  = true
  depends_on = [lab_package.chrony]
}

resource "lab_service" "chrony" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "chrony"
  restart_on = { config = lab_file.config[each.key].written }
}

# Done when the clock is right, not when a daemon runs: an offset is an error of every one-way delay.
resource "lab_command" "synchronised" {
  for_each = local.followers
  machine  = each.value.access
  triggers = { config = local.config[each.key] }
  check    = "chronyc -n waitsync 1 ${var.tolerance} 0 0.1 >/dev/null"
  apply    = "chronyc -n waitsync 120 ${var.tolerance} 0 1 || { chronyc -n sources; chronyc -n tracking; exit 1; }"

  depends_on = [lab_service.chrony]
}
