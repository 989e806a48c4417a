variable "tiers" {
  description = "The machines of each tier; a tier that is left out has none."
  type = map(object({
    machines = number
    cpus     = optional(number, 1)
    memory   = optional(string, "256MiB")
    arch     = optional(string)
  }))
  validation {
    condition     = alltrue([for tier in keys(var.tiers) : contains(["cloud", "edge", "endpoint"], tier)])
    error_message = "The tiers are cloud, edge and endpoint."
  }
  validation {
    condition     = alltrue([for tier in values(var.tiers) : tier.machines >= 0 && tier.machines <= 254])
    error_message = "A tier has from 0 to 254 machines."
  }
}

variable "links" {
  description = "Links by pair of tiers (\"cloud-edge\"), tier (\"edge\") or machines (\"cloud0->edge1\"), over the defaults."
  type = map(object({
    one_way_delay = optional(string)
    rtt           = optional(string)
    jitter        = optional(string)
    loss          = optional(string)
    rate          = optional(string)
  }))
  default = {}
}

variable "wireless" {
  description = "The preset of the endpoints' links: \"4g\", \"5g\", or null for none."
  type        = string
  default     = "4g"
}

variable "flavor" {
  description = "What the machines' image is: \"micro\", or \"systemd\" for whole Debian systems."
  type        = string
  default     = "micro"
}

variable "packages" {
  description = "Debian packages whose programs the machines have."
  type        = list(string)
  default     = []
}

variable "accel" {
  description = "How machines are accelerated: \"auto\", \"kvm\" or \"tcg\"."
  type        = string
  default     = "auto"
}

variable "boot_timeout" {
  description = "How long a machine may take to answer; 600s by default for whole systems: emulated ones start slowly, the more software they have."
  type        = string
  default     = null
}

variable "management_cidr" {
  description = "The network for ssh, never shaped; at least a /22. One that is free on the host is chosen by default."
  type        = string
  default     = null
}

variable "lab_cidr" {
  description = "The network that is shaped and measured; at least a /22. One that is free on the host is chosen by default."
  type        = string
  default     = null
}
