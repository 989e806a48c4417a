sizes = 1

variable "size" {
}

list {
}

list = var.size
