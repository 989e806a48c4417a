# A broker on the edge that knows one user, and a machine of the cloud that leaves a word there.
module "lab" {
  source   = "../../continuum"
  flavor   = "systemd"
  packages = ["mosquitto", "mosquitto-clients"]
  tiers = {
    cloud = { machines = 1, memory = "512MiB" }
    edge  = { machines = 1, memory = "512MiB" }
  }
}

variable "password" {
  description = "Of the user `sensor`."
  type        = string
  default     = "only-an-example"
  sensitive   = true
}

module "mqtt" {
  source   = ".."
  machines = { edge0 = module.lab.machines["edge0"] }
  users    = { sensor = var.password }
}

resource "lab_package" "clients" {
  machine = module.lab.machines["cloud0"].access
  name    = "mosquitto-clients"
}

locals {
  broker = split(":", module.mqtt.brokers["edge0"])
  login  = "-h ${local.broker[0]} -p ${local.broker[1]} -u sensor -P '${var.password}' -t greeting"
}

# A broker that was restarted has forgotten it, which is drift.
resource "lab_command" "greeting" {
  machine    = module.lab.machines["cloud0"].access
  check      = "mosquitto_sub ${local.login} -C 1 -W 5"
  apply      = "mosquitto_pub ${local.login} -r -m hello"
  remove     = "mosquitto_pub ${local.login} -r -n"
  depends_on = [lab_package.clients]
}

output "brokers" { value = module.mqtt.brokers }
