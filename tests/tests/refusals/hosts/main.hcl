# What a host refuses; libvirt's own test driver is one that never changes.
provider "lab" {
  uri = "test:///default"
}

resource "lab_network" "a" {
  cidr = "192.168.122.0/24"
}

resource "lab_network" "b" {
  cidr = "10.71.0.0/16"
}

resource "lab_network" "c" {
  cidr = "10.71.1.0/24"
}
