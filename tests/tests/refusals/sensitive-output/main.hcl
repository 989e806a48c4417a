variable "password" {
  sensitive = true
  default   = "hunter2"
}

output "password" {
  value = var.password
}
