variable "machines" {
  description = "The machines that get a registry, as modules/continuum puts them out."
  type = map(object({
    access      = any
    lab_address = string
  }))
}

variable "port" {
  description = "Where the registries listen."
  type        = number
  default     = 5000
  validation {
    condition     = var.port >= 1 && var.port <= 65535 && floor(var.port) == var.port
    error_message = "A port is a whole number from 1 to 65535."
  }
}

variable "storage" {
  description = "The folder of the images on the machine."
  type        = string
  default     = "/var/lib/docker-registry"
  validation {
    condition     = can(regex("^/[^/]", var.storage)) && !endswith(var.storage, "/")
    error_message = "The storage is the absolute path of a folder, without a / at its end."
  }
}

variable "deletable" {
  description = "Whether images can be deleted."
  type        = bool
  default     = true
}
