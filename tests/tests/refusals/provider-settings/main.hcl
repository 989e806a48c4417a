resource "terraform_data" "uri" {
  input = "qemu:///system"
}

provider "lab" {
  uri = terraform_data.uri.id
}

resource "lab_network" "n" {
  cidr = "10.9.0.0/24"
}
