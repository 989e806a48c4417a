# The host is a made-up one of libvirt's own, the same everywhere.
provider "lab" {
  uri = "test:///default"
}

resource "lab_network" "m" {
  mode = "nat"
  cidr = "10.70.0.0/24"
}

resource "lab_image" "micro" {
  flavor   = "micro"
  packages = []
}

resource "lab_machine" "a" {
  name   = "a"
  cpus   = 1
  memory = "128MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.11"
  }
}

resource "lab_machine" "b" {
  name   = "b"
  cpus   = 1
  memory = "128MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.11"
  }
}
