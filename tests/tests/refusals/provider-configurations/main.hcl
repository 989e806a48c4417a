# Configurations of providers that are not there, or do not fit.
resource "lab_network" "n" {
  provider = lab.west
  cidr     = "10.9.0.0/24"
}

module "own" {
  source = "./own"
  count  = 2
}

module "aliased" {
  source = "./aliased"
}

module "unused" {
  source    = "./unused"
  providers = {
    lab.more = lab
  }
}
