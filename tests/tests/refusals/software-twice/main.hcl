# Two objects that would undo what the other does.
resource "lab_package" "broker" {
  for_each = toset(["one", "two"])
  machine  = local.other
  name     = "mosquitto"
  version  = { one = "2.0*", two = "1.0*" }[each.key]
}

# Any version is also one that another object pins.
resource "lab_package" "any" {
  machine = local.other
  name    = "mosquitto"
}

resource "lab_file" "config" {
  machine = local.other
  path    = "/etc/x"
  content = "x"
}

resource "lab_file" "other" {
  machine = merge(local.other, { id = "c" })
  path    = "/etc/x"
  content = "y"
}

resource "lab_file" "again" {
  machine = local.other
  path    = "/etc//x"
  content = "z"
}

resource "lab_service" "broker" {
  machine = local.other
  name    = "mosquitto"
}

resource "lab_service" "again" {
  machine = local.other
  name    = "mosquitto.service"
}

# Of one port of this host, whatever machine it leads to.
resource "lab_forward" "one" {
  machine     = local.other
  remote_port = 80
  local_port  = 8080
}

resource "lab_forward" "two" {
  machine       = merge(local.other, { id = "c" })
  remote_port   = 81
  local_address = "0.0.0.0"
  local_port    = 8080
}

resource "lab_forward" "three" {
  machine       = local.other
  remote_port   = 82
  local_address = "127.0.0.2"
  local_port    = 8081
}

locals {
  other = {
    id       = "b"
    name     = "b"
    address  = "192.0.2.1"
    port     = 22
    user     = "root"
    host_key = "ssh-ed25519 AAAA"
    key_file = "/nowhere"
  }
}
