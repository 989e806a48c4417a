# Configurations of providers that do not fit.
provider "lab" {
  alias = "west side"
}

provider "lab" {
  alias   = "east"
  version = "1.0"
}

resource "lab_network" "n" {
  provider = lab.west
  cidr     = "10.9.0.0/24"
}

module "inner" {
  source    = "./inner"
  count     = 2
  providers = {
    lab      = lab.east
    lab.more = lab.east
  }
}

module "aliased" {
  source = "./aliased"
}
