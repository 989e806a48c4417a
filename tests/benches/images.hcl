# One whole Debian machine, on a bare image or on one derived from it that has containerd.
variable "image" {
  type    = string
  default = "none"
}

resource "lab_network" "management" {
  mode = "nat"
  cidr = "10.88.0.0/24"
}

resource "lab_image" "bare" {
  flavor = "systemd"
}

resource "lab_image" "warm" {
  from     = lab_image.bare.boot
  packages = ["containerd"]
}

locals {
  images = { bare = lab_image.bare.boot, warm = lab_image.warm.boot }
}

resource "lab_machine" "m" {
  for_each     = var.image == "none" ? toset([]) : toset([var.image])
  name         = each.key
  tier         = "cloud"
  cpus         = 1
  memory       = "512MiB"
  image        = local.images[each.key]
  boot_timeout = "600s"

  management {
    network = lab_network.management.attachment
    address = "10.88.0.11"
  }
}

# The boot is over where systemd says so; that containerd runs is part of it.
resource "lab_command" "up" {
  for_each = lab_machine.m
  machine  = each.value.access
  apply    = "systemctl is-system-running --wait || true"
}
