data "lab_links" "all" {
  machines = {
    cloud0 = { tier = "cloud", address = "10.71.0.11" }
    edge0  = { tier = "edge", address = "10.71.0.12" }
  }
  links = {
    "cloud-edge" = { one_way_delay = "7.5" }
  }
}
