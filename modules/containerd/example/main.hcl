# containerd on one machine, which asks a mirror for the images of Docker Hub.
module "lab" {
  source   = "../../continuum"
  flavor   = "systemd"
  packages = ["containerd"]
  tiers = {
    cloud = { machines = 1, memory = "1GiB" }
  }
}

module "containerd" {
  source     = ".."
  machines   = module.lab.machines
  registries = { "docker.io" = "https://mirror.gcr.io" }
}

output "versions" { value = module.containerd.versions }
