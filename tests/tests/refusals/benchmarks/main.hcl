# A benchmark that cannot be run.
locals {
  machine = {
    id       = "1"
    name     = "edge0"
    address  = "10.71.0.11"
    port     = 22
    user     = "root"
    host_key = "ssh-ed25519 AAAA"
    key_file = "/nowhere"
  }
}

resource "lab_benchmark" "amounts" {
  kind      = "http"
  workers   = { w = local.machine }
  payload   = "1B"
  rate      = 0
  duration  = "0s"
  work      = 1.5
  endpoints = {}
}

resource "lab_benchmark" "elsewhere" {
  kind     = "mqtt"
  workers  = { w = local.machine }
  payload  = "1KiB"
  rate     = 10
  duration = "10s"
  work     = 1
  endpoints = {
    e = { machine = merge(local.machine, { name = "pi", arch = "arm64" }), broker = "10.71.0.11", worker = "w" }
  }
}

resource "lab_benchmark" "endpoints" {
  kind      = "mqtt"
  workers   = { w = local.machine }
  payload   = "1KiB"
  rate      = 10
  duration  = "10s"
  work      = 1
  endpoints = {
    "edge/0" = { machine = local.machine, broker = "10.71.0.11", worker = "x" }
  }
}
