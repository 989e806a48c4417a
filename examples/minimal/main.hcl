# One machine with an address, and nothing else.
resource "lab_network" "management" {
  mode = "nat"
  cidr = "10.70.0.0/24"
}

resource "lab_image" "micro" {
  flavor   = "micro"
  packages = []
}

resource "lab_machine" "one" {
  name   = "one"
  cpus   = 1
  memory = "192MiB"
  image  = lab_image.micro.boot

  management {
    network = lab_network.management.attachment
    address = "10.70.0.11"
  }
}

output "address" { value = lab_machine.one.access.address }
