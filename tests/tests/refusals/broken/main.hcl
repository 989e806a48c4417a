variable "tier" {
  default = "edge
}

locals {
  machines = [1, 2
}

resource "terraform_data" "fine" {
  input = 1
}

output "x" {
  value = = 3
}
