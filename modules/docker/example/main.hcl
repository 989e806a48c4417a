# Docker on one machine, with logs of containers that do not fill its disk.
module "lab" {
  source   = "../../continuum"
  flavor   = "systemd"
  packages = ["docker.io"]
  tiers = {
    cloud = { machines = 1, memory = "1GiB" }
  }
}

module "docker" {
  source   = ".."
  machines = module.lab.machines
  settings = { "log-driver" = "local", "log-opts" = { "max-size" = "10m" } }
}

output "versions" { value = module.docker.versions }
