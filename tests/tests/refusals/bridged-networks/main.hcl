# What belongs to a bridge of the host's, and what does not.
resource "lab_network" "without" {
  mode = "bridge"
  cidr = "10.71.0.0/24"
}

resource "lab_network" "reserved" {
  mode         = "bridge"
  bridge       = "br0"
  cidr         = "10.71.0.0/24"
  reservations = { a = { mac = "52:54:00:00:00:01", address = "10.71.0.11" } }
}

resource "lab_network" "own" {
  bridge  = "br0"
  gateway = "10.71.0.1"
  cidr    = "10.71.0.0/24"
}

resource "lab_host_bridge" "spelled" {
  interface  = "an-interface-of-this-host"
  name       = "br 0"
  addresses  = ["10.9.0.2", "10.9.0.2/33"]
  gateway    = "fd00::1"
  dns        = ["dns.example"]
  reachable  = ["10.9.0"]
  persistent = "NetworkManager"
  undo_after = "10ms"
}
