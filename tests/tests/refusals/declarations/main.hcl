# What declares wrongly.
terraform {
  backend "s3" {
  }
}

language {
}

resorce "terraform_data" "a" {
}

variable "source" {
}

variable "list" {
  type    = list(numbr)
  default = []
}

variable "number" {
  type    = number
  default = "edge"
}

variable "object" {
  type    = object({ cpus = optional(number, "many") })
  default = {}
}

variable "from" {
  default = var.number
}

variable "call" {
  default = upper("a")
}

resource "terraform_data" {
}

resource "terraform_data" "twice" {
}

resource "terraform_data" "twice" {
  input = 1
  input = 2
}

resource "terraform_data" "both" {
  count    = 1
  for_each = {}
}

resource "terraform_data" "quoted" {
  depends_on = ["terraform_data.both"]

  lifecycle {
    prevent_destroy = "perhaps"
  }
  lifecycle {
  }
}

resource "terraform_data" "triggered" {
  lifecycle {
    replace_triggered_by = [local.x]
  }
}

check "nothing" {
}

output "none" {
}

module "self" {
  source = "./inner"
}

module "registry" {
  source = "hashicorp/consul/aws"
}

module "absent" {
  source = "./absent"
}

module "empty" {
  source = "./empty"
}
