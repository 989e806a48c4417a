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
  validation {
    condition     = var.release == null || can(regex("^[0-9][0-9A-Za-z.+~:-]*[*]?$", var.release))
    error_message = "A version begins with a digit, such as \"20.10.*\", and may end in *."
  }
}

variable "insecure_registries" {
  description = "Registries without TLS, as `address:port`, such as `module.registry.addresses`."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for registry in var.insecure_registries : can(regex("^[^/:]+(:[0-9]+)?$", registry))])
    error_message = "A registry without TLS is \"address:port\", without http:// before it."
  }
}

variable "mirrors" {
  description = "URLs that are asked before Docker Hub."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for mirror in var.mirrors : can(regex("^https?://[^/]+/?$", mirror))])
    error_message = "A mirror is a URL without a path, such as \"https://mirror.gcr.io\"."
  }
}

variable "settings" {
  description = "More of /etc/docker/daemon.json."
  type        = any
  default     = {}
  validation {
    condition     = can(keys(var.settings))
    error_message = "The settings are an object, as in daemon.json: { \"log-driver\" = \"local\" }."
  }
  validation {
    condition     = length(setintersection(try(keys(var.settings), []), ["insecure-registries", "registry-mirrors"])) == 0
    error_message = "Registries and mirrors go into insecure_registries and mirrors: in the settings they would hide those."
  }
}
