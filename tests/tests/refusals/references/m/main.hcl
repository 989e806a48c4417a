variable "size" {
}

output "a" {
  value = var.size
}
