# How many, and which, that cannot be told.
resource "terraform_data" "half" {
  count = 0.5
}

resource "terraform_data" "many" {
  for_each = ["a", "b"]
}

resource "terraform_data" "known_never" {
  count = timestamp() == "" ? 1 : 2
}

resource "terraform_data" "keys_never" {
  for_each = toset([timestamp()])
}

resource "terraform_data" "on_off" {
  lifecycle {
    prevent_destroy = timestamp() == ""
  }
}

resource "terraform_data" "off" {
  lifecycle {
    prevent_destroy = "a${1}"
  }
}

variable "password" {
  sensitive = true
  default   = "hunter2"
}

output "password" {
  value = var.password
}

resource "lab_netwrok" "n" {
}

resource "aws_instance" "i" {
}

provider "nobody" {
}

resource "terraform_data" "ignoring" {
  lifecycle {
    ignore_changes = [inputs, output]
  }
}
