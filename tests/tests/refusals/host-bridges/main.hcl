# What a host refuses before its network is touched: nothing of it has these names.
resource "lab_host_bridge" "port" {
  interface  = "lo"
  name       = "nobridge0"
  persistent = "none"
}

resource "lab_host_bridge" "twice" {
  interface  = "lo"
  name       = "nobridge1"
  persistent = "none"
}

resource "lab_host_bridge" "taken" {
  interface  = "nophys0"
  name       = "lo"
  persistent = "none"
}
