# The address of a machine is not another's.
provider "lab" {
  uri = "test:///default"
}

resource "lab_network" "m" {
  cidr = "10.70.0.0/24"
  reservations = {
    camera = { mac = "52:54:00:00:00:01", address = "10.70.0.11" }
    edge   = { mac = "52:54:00:00:00:02", address = "10.70.0.12" }
    spare  = { mac = "52:54:00:00:00:03", address = "10.70.0.13" }
  }
}

resource "lab_image" "micro" {
  flavor   = "micro"
  packages = []
}

resource "lab_machine" "cloud" {
  name   = "cloud"
  cpus   = 1
  memory = "128MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.11"
  }
}

resource "lab_machine" "edge" {
  name   = "edge"
  cpus   = 1
  memory = "128MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.m.attachment
    address = "10.70.0.12"
    mac     = "52:54:00:00:00:02"
  }
}
