variable "size" {
  type = number
}

variable "list" {
  type    = list(string)
  default = []
}
