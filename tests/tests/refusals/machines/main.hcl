# What is wrong with the limits and notes of machines, before any host is asked.
resource "lab_network" "m" {
  cidr = "10.70.0.0/24"
}

resource "lab_image" "micro" {
  packages = []
}

resource "lab_machine" "limits" {
  name             = "limits"
  cpus             = 2
  memory           = "512MiB"
  maximum_memory   = "256MiB"
  cpu_quota        = 1.5
  cpu_pin          = [0]
  disk_write_limit = "1KB/s"
  image            = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.11"
  }
}

resource "lab_machine" "names" {
  name     = "names"
  arch     = "riscv64"
  tier     = "edge\ncloud"
  cpus     = 2
  cpu_pin  = [1, 1]
  memory   = "512MiB"
  timezone = "Europe/Atlantis"
  labels   = { "owner" = "a\u0007" }
  image    = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.12"
    mac     = "52:54:00:00:00"
  }

  interface {
    network = lab_network.m.attachment
    address = "10.70.0.13"
    mac     = "01:00:5e:00:00:01"
  }
}

resource "lab_machine" "unit" {
  name            = "unit"
  cpus            = 1
  memory          = "512MiB"
  disk_read_limit = "10MB"
  image           = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.14"
  }
}

resource "lab_machine" "incomplete" {
  name = "incomplete"
  cpus = 1
}

resource "lab_machine" "existing" {
  name     = "existing"
  cpus     = 1
  disk_size = "9GiB"
  existing = {
    address  = "10.70.0.15"
    host_key = "SHA256:abc"
    key_file = "id_ed25519"
  }

  interface {
    network = lab_network.m.attachment
    address = "10.70.0.16"
  }
}
