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
}

variable "storage" {
  description = "The folder of the images on the machine."
  type        = string
  default     = "/var/lib/docker-registry"
}

variable "deletable" {
  description = "Whether images can be deleted."
  type        = bool
  default     = true
}
