# Three machines, one per tier, with everything that can be judged on them. Addresses of its own, so that it can stand
# beside the examples.
variable "delay" {
  type    = string
  default = "7.5ms"
}

variable "memory" {
  type    = string
  default = "160MiB"
}

variable "secret" {
  type      = string
  sensitive = true
}

locals {
  machines = {
    cloud0    = { tier = "cloud", host = 11 }
    edge0     = { tier = "edge", host = 12 }
    endpoint0 = { tier = "endpoint", host = 13 }
  }
}

resource "lab_network" "management" {
  mode = "isolated"
  cidr = "10.83.0.0/24"
}

resource "lab_network" "lab" {
  mode = "isolated"
  cidr = "10.84.0.0/24"
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
  memory   = each.key == "edge0" ? var.memory : "160MiB"
  image    = lab_image.micro.boot

  management {
    network = lab_network.management.attachment
    address = "10.83.0.${each.value.host}"
  }

  interface {
    network = lab_network.lab.attachment
    address = "10.84.0.${each.value.host}"
  }
}

data "lab_links" "all" {
  machines = { for name, m in local.machines : name => { tier = m.tier, address = "10.84.0.${m.host}" } }
  links = {
    "cloud-edge"     = { one_way_delay = var.delay, rate = "50mbit" }
    "cloud-endpoint" = { one_way_delay = "20ms" }
  }
}

resource "lab_shaper" "m" {
  for_each = local.machines
  machine  = lab_machine.m[each.key].access
  address  = "10.84.0.${each.value.host}"
  rules    = data.lab_links.all.rules[each.key]
}

resource "lab_file" "note" {
  machine = lab_machine.m["edge0"].access
  path    = "/etc/cplan-note"
  content = "a managed line\n"
}

resource "lab_file" "secret" {
  machine = lab_machine.m["edge0"].access
  path    = "/etc/cplan-secret"
  content = var.secret
  mode    = "0600"
}

resource "lab_command" "flag" {
  machine = lab_machine.m["cloud0"].access
  check   = "test -e /var/lib/cplan-flag"
  apply   = "echo up >/var/lib/cplan-flag"
  remove  = "rm -f /var/lib/cplan-flag"
}

output "domains" {
  value = { for name, m in lab_machine.m : name => m.domain }
}

output "secret" {
  value     = var.secret
  sensitive = true
}
