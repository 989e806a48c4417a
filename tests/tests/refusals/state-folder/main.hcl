resource "terraform_data" "a" {
  input = var.v
}

variable "v" {
  default = 1
}

output "list" {
  value = [1]
}
