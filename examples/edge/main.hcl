# An endpoint publishes over 4G to a broker on the edge; a worker in the cloud answers.
module "lab" {
  source   = "../../modules/continuum"
  packages = ["mosquitto"]
  tiers = {
    cloud    = { machines = 1 }
    edge     = { machines = 1 }
    endpoint = { machines = 1, memory = "192MiB" }
  }
  links = {
    "cloud-edge" = { one_way_delay = "7.5ms", jitter = "2.5ms", rate = "100mbit" }
  }
  wireless = "4g" # cloud-endpoint and edge-endpoint
}

module "mqtt" {
  source   = "../../modules/mqtt"
  machines = { edge0 = module.lab.machines["edge0"] }
}

resource "lab_benchmark" "mqtt" {
  kind = "mqtt"
  endpoints = {
    endpoint0 = { machine = module.lab.machines["endpoint0"].access, broker = module.mqtt.brokers["edge0"], worker = "cloud0" }
  }
  workers     = { cloud0 = module.lab.machines["cloud0"].access }
  payload     = "1KiB"
  rate        = 10
  duration    = "10s"
  work        = 100000
  environment = merge(module.lab.environment, module.mqtt.environment)
}

output "machines" { value = { for name, m in module.lab.machines : name => { address = m.lab_address, domain = m.domain } } }
output "edge" { value = module.lab.machines["edge0"].lab_address }
output "links" { value = module.lab.links }
output "latency" {
  value = { for name in ["sent", "lost", "mean_ms", "p50_ms", "p95_ms", "p99_ms"] : name => lab_benchmark.mqtt[name] }
}
