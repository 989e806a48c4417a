# Conditions that do not hold, and some that cannot be judged.
variable "machines" {
  type    = number
  default = 0

  validation {
    condition     = var.machines > 0
    error_message = "At least one machine is needed."
  }
}

variable "name" {
  default = "edge"

  validation {
    condition     = var.name
    error_message = "A name is needed."
  }
}

variable "tier" {
  default = "edge"

  validation {
    condition     = var.tier == "cloud"
    error_message = null
  }
}
