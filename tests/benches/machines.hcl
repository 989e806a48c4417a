# The three machines of examples/edge, alone; with `contents`, also what a plan has to read on each.
variable "contents" {
  type    = bool
  default = false
}

locals {
  machines = {
    cloud0    = { tier = "cloud", host = 11, memory = "256MiB" }
    edge0     = { tier = "edge", host = 12, memory = "256MiB" }
    endpoint0 = { tier = "endpoint", host = 13, memory = "192MiB" }
  }
}

resource "lab_network" "management" {
  mode = "nat"
  cidr = "10.86.0.0/24"
}

resource "lab_network" "lab" {
  mode = "isolated"
  cidr = "10.87.0.0/24"
}

resource "lab_image" "micro" {
  flavor   = "micro"
  packages = ["mosquitto"]
}

resource "lab_machine" "m" {
  for_each = local.machines
  name     = each.key
  tier     = each.value.tier
  cpus     = 1
  memory   = each.value.memory
  image    = lab_image.micro.boot

  management {
    network = lab_network.management.attachment
    address = "10.86.0.${each.value.host}"
  }

  interface {
    network = lab_network.lab.attachment
    address = "10.87.0.${each.value.host}"
  }
}

data "lab_links" "all" {
  machines = { for name, m in local.machines : name => { tier = m.tier, address = "10.87.0.${m.host}" } }
  links    = { "cloud-edge" = { one_way_delay = "7.5ms", rate = "100mbit" } }
  wireless = "4g"
}

resource "lab_shaper" "m" {
  for_each = var.contents ? local.machines : {}
  machine  = lab_machine.m[each.key].access
  address  = "10.87.0.${each.value.host}"
  rules    = data.lab_links.all.rules[each.key]
}

resource "lab_file" "m" {
  for_each = var.contents ? local.machines : {}
  machine  = lab_machine.m[each.key].access
  path     = "/etc/cplan-bench"
  content  = "on ${each.key}\n"
}

output "domains" {
  value = { for name, m in lab_machine.m : name => m.domain }
}
