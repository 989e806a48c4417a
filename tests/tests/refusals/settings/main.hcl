# Settings that are refused.
terraform {
  required_version = ">= 99"

  required_providers {
    lab = {
      source = "cplan lab"
    }
  }
}

provider "lab" {
  depends_on = []
}

variable "token" {
  ephemeral = true
}

resource "terraform_data" "twice" {
}

resource "terraform_data" "twice" {
}
