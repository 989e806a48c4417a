# What is imported has to be there, and its machine known.
import {
  to = lab_forward.nothing
  id = "127.0.0.1:1"
}

import {
  to = lab_forward.port
  id = "eighty"
}

import {
  to = lab_package.early
  id = "mosquitto"
}

resource "lab_forward" "nothing" {
  machine     = local.other
  remote_port = 80
}

resource "lab_forward" "port" {
  machine     = local.other
  remote_port = 80
}

resource "terraform_data" "later" {
  input = local.other
}

resource "lab_package" "early" {
  machine = terraform_data.later.output
  name    = "mosquitto"
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
