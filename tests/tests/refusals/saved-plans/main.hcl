resource "terraform_data" "a" {
  input = var.v
}

variable "v" {
  default = 1
}

output "list" {
  value = [1]
  precondition {
    condition     = tostring(var.v) != "3"
    error_message = "Not three."
  }
}
