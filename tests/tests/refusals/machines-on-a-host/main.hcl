# The host is a made-up one of libvirt's own, the same everywhere.
provider "lab" {
  uri = "test:///default"
}

resource "lab_network" "m" {
  cidr = "10.70.0.0/24"
}

locals {
  image = { digest = "0", kernel = "/boot/vmlinuz", initrd = "/boot/initrd", disk = abspath("disk.raw"), cmdline = "", arch = "amd64", flavor = "micro", seed = "tar" }
}

resource "lab_machine" "a" {
  name      = "a"
  cpus      = 2
  cpu_pin   = [1, 99]
  memory    = "128MiB"
  disk_size = "1KiB"
  image     = local.image

  management {
    network = lab_network.m.attachment
    address = "10.70.0.11"
    mac     = "52:54:00:00:00:01"
  }
}

resource "lab_machine" "b" {
  name    = "b"
  arch    = "arm64"
  cpus    = 1
  cpu_pin = [1]
  memory  = "128MiB"
  image   = local.image

  management {
    network = lab_network.m.attachment
    address = "10.70.0.12"
    mac     = "52:54:00:00:00:01"
  }
}
