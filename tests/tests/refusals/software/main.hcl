# Software that nothing can have.
resource "lab_package" "wrong" {
  machine = local.other
  name    = "mosquitto=2.0"
  version = "v2"
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
