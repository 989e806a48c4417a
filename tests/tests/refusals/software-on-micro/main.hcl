# Software that cannot be on a machine without a package manager and a service manager.
provider "lab" {
  uri = "test:///default"
}

resource "lab_network" "m" {
  mode = "nat"
  cidr = "10.70.0.0/24"
}

resource "lab_image" "micro" {}

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

resource "lab_package" "broker" {
  machine = lab_machine.a.access
  name    = "mosquitto"
}

resource "lab_service" "broker" {
  machine = lab_machine.a.access
  name    = "mosquitto"
}
