# Two whole Debian machines with the software that labs are made of. What the image has already is not downloaded again.
module "lab" {
  source   = "../../modules/continuum"
  flavor   = "systemd"
  packages = ["mosquitto", "docker.io", "containerd", "docker-registry", "chrony"]
  tiers = {
    cloud = { machines = 1, cpus = 2, memory = "1GiB" }
    edge  = { machines = 1, memory = "512MiB" }
  }
}

variable "password" {
  description = "Of the user `sensor` of the broker."
  type        = string
  default     = "only-an-example"
  sensitive   = true
}

module "time" {
  source   = "../../modules/time"
  machines = module.lab.machines
  server   = "cloud0"
}

module "registry" {
  source   = "../../modules/registry"
  machines = { cloud0 = module.lab.machines["cloud0"] }
}

module "docker" {
  source              = "../../modules/docker"
  machines            = { cloud0 = module.lab.machines["cloud0"] }
  insecure_registries = values(module.registry.addresses)
}

module "containerd" {
  source     = "../../modules/containerd"
  machines   = { edge0 = module.lab.machines["edge0"] }
  registries = { for name, address in module.registry.addresses : address => "http://${address}" }
}

module "mqtt" {
  source   = "../../modules/mqtt"
  machines = { edge0 = module.lab.machines["edge0"] }
  users    = { sensor = var.password }
}

# The registry, from this host.
resource "lab_forward" "registry" {
  machine     = module.lab.machines["cloud0"].access
  remote_port = 5000
  depends_on  = [module.registry]
}

output "registry" { value = lab_forward.registry.endpoint }
output "brokers" { value = module.mqtt.brokers }
output "synchronised" { value = module.time.synchronised }
