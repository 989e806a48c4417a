# What cplan makes itself cannot be taken over from others; what to do instead is said.
provider "lab" {
  uri = "test:///default"
}

import {
  to = lab_network.m
  id = "default"
}

import {
  to = lab_image.micro
  id = "x"
}

import {
  to = lab_machine.a
  id = "test"
}

import {
  to = lab_host_bridge.lan
  id = "br0"
}

resource "lab_host_bridge" "lan" {
  interface = "eth0"
}

resource "lab_network" "m" {
  cidr = "10.70.0.0/24"
}

resource "lab_image" "micro" {
  flavor = "micro"
}

resource "lab_network" "other" {
  cidr = "10.71.0.0/24"
}

resource "lab_image" "other" {
  flavor   = "micro"
  packages = ["tmux"]
}

resource "lab_machine" "a" {
  name   = "a"
  cpus   = 1
  memory = "128MiB"
  image  = lab_image.other.boot

  management {
    network = lab_network.other.attachment
    address = "10.71.0.11"
  }
}
