# Software that nothing can have.
resource "lab_package" "wrong" {
  machine = local.other
  name    = "mosquitto=2.0"
  version = "v2"
}

resource "lab_service" "wrong" {
  machine = local.other
  name    = "two units"
}

resource "lab_file" "empty" {
  machine = local.other
  path    = "/etc/x"
}

resource "lab_file" "both" {
  machine = local.other
  path    = "/etc/../etc/x"
  content = "x"
  source  = "x"
}

resource "lab_file" "source" {
  machine = local.other
  path    = "/etc/x"
  source  = "nothing/here"
  owner   = "-R root"
}

resource "lab_forward" "wrong" {
  machine        = local.other
  local_address  = "here"
  local_port     = 70000
  remote_address = "-oProxyCommand=x"
  remote_port    = 0.5
}

resource "lab_service" "template" {
  machine = local.other
  name    = "getty@.service"
}

# It has a default instance, and is not to run.
resource "lab_service" "enabled" {
  machine = local.other
  name    = "getty@"
  running = false
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
