# A registry in the cloud, and a port of this host that leads to it.
module "lab" {
  source   = "../../continuum"
  flavor   = "systemd"
  packages = ["docker-registry"]
  tiers = {
    cloud = { machines = 1, memory = "1GiB" }
  }
}

module "registry" {
  source   = ".."
  machines = module.lab.machines
}

resource "lab_forward" "registry" {
  machine     = module.lab.machines["cloud0"].access
  remote_port = split(":", module.registry.addresses["cloud0"])[1]
}

output "registry" { value = lab_forward.registry.endpoint }
