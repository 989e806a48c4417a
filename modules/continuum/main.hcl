locals {
  # Every tier has its own 256 addresses, so that one more machine renumbers no other.
  tiers = { cloud = 1, edge = 2, endpoint = 3 }
  machines = merge([
    for tier, machine in var.tiers : {
      for i in range(machine.machines) : "${tier}${i}" => {
        tier               = tier
        cpus               = machine.cpus
        memory             = machine.memory
        arch               = machine.arch
        management_address = cidrhost(lab_network.management.cidr, 256 * local.tiers[tier] + i + 1)
        lab_address        = cidrhost(lab_network.lab.cidr, 256 * local.tiers[tier] + i + 1)
      }
    }
  ]...)

  # Continuum's table (atlarge-research/continuum, infrastructure/network.py); wireless links are presets of lab_links.
  defaults = {
    "cloud"      = { rate = "1000mbit" }
    "edge"       = { one_way_delay = "7.5ms", jitter = "2.5ms", rate = "1000mbit" }
    "cloud-edge" = { one_way_delay = "7.5ms", jitter = "2.5ms", rate = "1000mbit" }
  }
  # Those between tiers that have machines, unless the caller says otherwise, in either order.
  inhabited = [for tier, machine in var.tiers : tier if machine.machines > 0]
  links = merge({
    for pair, link in local.defaults : pair => link
    if alltrue([for tier in split("-", pair) : contains(local.inhabited, tier)])
    && !contains(keys(var.links), join("-", reverse(split("-", pair))))
  }, var.links)
}

resource "lab_network" "management" {
  mode   = "nat"
  cidr   = var.management_cidr
  prefix = var.management_cidr == null ? 20 : null
}

resource "lab_network" "lab" {
  mode   = "isolated"
  cidr   = var.lab_cidr
  prefix = var.lab_cidr == null ? 20 : null
}

resource "lab_image" "machine" {
  flavor   = var.flavor
  packages = var.packages
}

# Of tiers that are of another architecture than the others.
resource "lab_image" "arch" {
  for_each = toset([for tier in values(var.tiers) : tier.arch if tier.arch != null])
  arch     = each.key
  flavor   = var.flavor
  packages = var.packages
}

resource "lab_machine" "all" {
  for_each = local.machines
  name     = each.key
  tier     = each.value.tier
  cpus     = each.value.cpus
  memory   = each.value.memory
  image    = each.value.arch == null ? lab_image.machine.boot : lab_image.arch[each.value.arch].boot
  accel    = var.accel

  boot_timeout = var.boot_timeout == null && var.flavor == "systemd" ? "600s" : var.boot_timeout

  management {
    network = lab_network.management.attachment
    address = each.value.management_address
  }

  interface {
    network = lab_network.lab.attachment
    address = each.value.lab_address
  }
}

data "lab_links" "all" {
  machines = { for name, machine in local.machines : name => { tier = machine.tier, address = machine.lab_address } }
  links    = local.links
  wireless = var.wireless
}

resource "lab_shaper" "all" {
  for_each = local.machines
  machine  = lab_machine.all[each.key].access
  address  = each.value.lab_address
  rules    = data.lab_links.all.rules[each.key]
}
