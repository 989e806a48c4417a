# What the provider of labs refuses by itself.
resource "lab_network" "net" {
  cidr = "10.71.0.1/24"
  mode = "routed"
}

resource "lab_network" "reserved" {
  cidr = "10.71.0.0/24"
  reservations = {
    a = { mac = "52:54", address = "10.71.0.11" }
    b = { mac = "52:54:00:00:00:01", address = "10.72.0.11" }

    "c d" = { mac = "00:00:00:00:00:00", address = "10.71.0.12" }
  }
}

resource "lab_image" "image" {
  flavor   = "large"
  suite    = "Debian 12"
  arch     = "x86"
  packages = ["Mosquitto server"]
}

resource "lab_machine" "machine" {
  name   = "-edge"
  cpus   = 0
  memory = "1MiB"
  accel  = "xen"

  boot_timeout = "0s"
  image  = lab_image.image.boot

  management {
    network = lab_network.reserved.attachment
    address = "edge"
  }
}

resource "lab_file" "file" {
  machine = lab_machine.machine.access
  path    = "etc/hosts"
  mode    = "rw"
  content = ""
}

resource "lab_shaper" "shaper" {
  machine = lab_machine.machine.access
  address = "10.71.0.11/24"
  rules = {
    edge = { address = "10.71.0.12", delay = "7", jitter = null, loss = null, rate = null, link = "a" }
  }
}

resource "lab_network" "prefix" {
  prefix = 8
}

resource "lab_network" "both" {
  cidr   = "10.73.0.0/24"
  prefix = 24
}
