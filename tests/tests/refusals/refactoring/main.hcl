# Blocks about what moved, came or went, refused for themselves.
resource "terraform_data" "a" {
}

moved {
  from = terraform_data
  to   = terraform_data.a
}

moved {
  from = module.m
  to   = terraform_data.a
}

removed {
  from = terraform_data.a
}

removed {
  from = terraform_data.c[0]
}

import {
  to = terraform_data.a
  id = "1"
}

import {
  to = terraform_data.a
  id = "2"
}

import {
  to = data.lab_links.l
  id = "2"
}
