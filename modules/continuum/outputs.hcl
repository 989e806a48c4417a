output "machines" {
  description = "By name: how to reach it (access), its address in the lab network, its tier, its libvirt domain."
  value = {
    for name, machine in local.machines : name => {
      access      = lab_machine.all[name].access
      lab_address = machine.lab_address
      tier        = machine.tier
      domain      = lab_machine.all[name].domain
    }
  }
}

output "links" {
  description = "By pair of machines: from, to, the link that applies, and what it asks for, the round trip included."
  value       = { for row in data.lab_links.all.table : "${row.from}-${row.to}" => row }
}

output "networks" {
  description = "What a further machine needs to be plugged in."
  value = {
    management = lab_network.management.attachment
    lab        = lab_network.lab.attachment
  }
}

output "environment" {
  description = "What a measurement here depends on, for a benchmark's `environment`; known only once the links are shaped."
  value = {
    tiers    = var.tiers
    accel    = var.accel
    image    = lab_image.machine.digest
    images   = { for arch, image in lab_image.arch : arch => image.digest }
    shaping  = { for name, shaper in lab_shaper.all : name => shaper.rules }
    packages = var.packages
  }
}
