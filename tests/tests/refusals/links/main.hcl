# Links that the link compiler refuses.
locals {
  machines = {
    cloud = { address = "10.71.0.11", tier = "cloud" }
    edge0 = { address = "10.71.0.12", tier = "edge" }
    edge1 = { address = "10.71.0.13", tier = "edge" }
    a     = { address = "10.71.0.14" }
    a-b   = { address = "10.71.0.15" }
    b-c   = { address = "10.71.0.16" }
    c     = { address = "10.71.0.17" }
  }
}

data "lab_links" "wrong" {
  machines = local.machines
  wireless = "6g"
  links = {
    cloud-egde  = { rtt = "1ms" }
    cloud-edge  = { latency = "1ms" }
    edge0-edge1 = { rtt = "1ms", one_way_delay = "1ms" }
    edge        = { rate = "0mbit" }
    edge0       = { rtt = "1ms" }
    edge0-edge0 = { rtt = "1ms" }
    a-b-c       = { rtt = "1ms" }
    "a->c"      = "1ms"
  }
}

data "lab_links" "list" {
  machines = local.machines
  links    = ["cloud-edge"]
}
