# What looks like a literal and is none.
output "lines" {
  value = "first
second"
}

output "keys" {
  value = {for= 1}
}

variable "kind" {
  type    = "string"
  default = "edge"
}

variable "pair" {
  type    = tuple(string)
  default = []
}
