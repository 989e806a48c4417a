variable "machines" {
  description = "The machines whose clocks agree, as modules/continuum puts them out."
  type = map(object({
    access      = any
    lab_address = string
  }))
}

variable "server" {
  description = "The machine that the others follow; the first by name without."
  type        = string
  default     = null
}

variable "upstream" {
  description = "Time servers that this machine follows; without, its own clock is the lab's time."
  type        = list(string)
  default     = []
}

variable "tolerance" {
  description = "How far a clock may be off, in seconds, for the module to be done."
  type        = number
  default     = 0.001
}
