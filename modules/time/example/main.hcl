# Two machines on a slow link whose clocks agree: the one of the edge follows the one of the cloud.
module "lab" {
  source   = "../../continuum"
  flavor   = "systemd"
  packages = ["chrony"]
  links    = { "cloud-edge" = { one_way_delay = "20ms", jitter = "5ms", rate = "100mbit" } }
  tiers = {
    cloud = { machines = 1, memory = "512MiB" }
    edge  = { machines = 1, memory = "512MiB" }
  }
}

module "time" {
  source    = ".."
  machines  = module.lab.machines
  server    = "cloud0"
  tolerance = 0.001
}

output "synchronised" { value = module.time.synchronised }
