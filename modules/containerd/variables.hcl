variable "machines" {
  description = "The machines that get containerd, as modules/continuum puts them out."
  type = map(object({
    access      = any
    lab_address = string
  }))
}

variable "release" {
  description = "The version of Debian's package containerd, whole or its beginning followed by `*`; any version without."
  type        = string
  default     = null
  validation {
    condition     = var.release == null || can(regex("^[0-9][0-9A-Za-z.+~:-]*[*]?$", var.release))
    error_message = "A version begins with a digit, such as \"1.6.*\", and may end in *."
  }
}

variable "registries" {
  description = "By host, such as `docker.io` or `10.71.1.1:5000`: the URL that is asked instead, such as `http://10.71.1.1:5000`."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for host in keys(var.registries) : can(regex("^[^/:]+(:[0-9]+)?$", host))])
    error_message = "A registry is known by its host, as images name it: \"docker.io\" or \"10.71.1.1:5000\"."
  }
  validation {
    condition     = alltrue([for url in values(var.registries) : can(regex("^https?://[^/]+", url))])
    error_message = "What is asked instead is a URL, such as \"http://10.71.1.1:5000\"."
  }
}

variable "systemd_cgroup" {
  description = "Whether systemd makes the containers' control groups, as kubelet wants it."
  type        = bool
  default     = true
}

variable "max_concurrent_downloads" {
  description = "How many layers of an image are fetched at a time."
  type        = number
  default     = 3
  validation {
    condition     = var.max_concurrent_downloads >= 1 && floor(var.max_concurrent_downloads) == var.max_concurrent_downloads
    error_message = "At least one layer is fetched at a time."
  }
}
