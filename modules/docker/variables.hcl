variable "machines" {
  description = "The machines that get Docker, as modules/continuum puts them out."
  type = map(object({
    access      = any
    lab_address = string
  }))
}

variable "release" {
  description = "The version of Debian's package docker.io, whole or its beginning followed by `*`; any version without."
  type        = string
  default     = null
}

variable "insecure_registries" {
  description = "Registries without TLS, as `address:port`, such as `module.registry.addresses`."
  type        = list(string)
  default     = []
}

variable "mirrors" {
  description = "URLs that are asked before Docker Hub."
  type        = list(string)
  default     = []
}

variable "settings" {
  description = "More of /etc/docker/daemon.json."
  type        = any
  default     = {}
}
