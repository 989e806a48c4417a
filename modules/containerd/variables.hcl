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
}

variable "registries" {
  description = "By host, such as `docker.io` or `10.71.1.1:5000`: the URL that is asked instead, such as `http://10.71.1.1:5000`."
  type        = map(string)
  default     = {}
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
}
