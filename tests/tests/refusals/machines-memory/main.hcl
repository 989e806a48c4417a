# Each fits its host, and together they do not. The host is a made-up one of libvirt's own, the same everywhere: 3 GiB.
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

resource "lab_machine" "edge" {
  name   = "edge"
  cpus   = 1
  memory = "512MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.10"
  }
}

resource "lab_machine" "cloud" {
  count  = 3
  name   = "cloud${count.index}"
  cpus   = 1
  memory = "1GiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.${11 + count.index}"
  }
}
