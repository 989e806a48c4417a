variable "machines" {
  description = "The machines whose clocks agree, as modules/continuum puts them out."
  type = map(object({
    access      = any
    lab_address = string
  }))
  validation {
    condition     = length(var.machines) > 0
    error_message = "Without a machine there is no clock."
  }
}

variable "server" {
  description = "The machine that the others follow; the first by name without."
  type        = string
  default     = null
  validation {
    condition     = var.server == null || contains(keys(var.machines), coalesce(var.server, "-"))
    error_message = "The server is one of the machines, by its name among them."
  }
}

variable "upstream" {
  description = "Time servers that this machine follows; without, its own clock is the lab's time."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for server in var.upstream : can(regex("^[0-9A-Za-z][0-9A-Za-z.:-]*$", server))])
    error_message = "A time server is a host name or an address, such as \"pool.ntp.org\"."
  }
}

variable "tolerance" {
  description = "How far a clock may be off, in seconds, for the module to be done."
  type        = number
  default     = 0.001
  validation {
    condition     = var.tolerance > 0
    error_message = "The tolerance is a time in seconds, more than none."
  }
}
