variable "machines" {
  description = "The machines that get a broker, as modules/continuum puts them out; a micro image needs the package mosquitto."
  type = map(object({
    access      = any
    lab_address = string
  }))
}

variable "port" {
  description = "Where the brokers listen."
  type        = number
  default     = 1883
}

variable "users" {
  description = "Passwords by user; without, the brokers take anybody."
  type        = map(string)
  default     = {}
  sensitive   = true
  validation {
    condition     = alltrue([for user, password in var.users : can(regex("^[^:\n]+$", user)) && can(regex("^[^\n]+$", password))])
    error_message = "A user has no colon, a password is not empty, and both have one line."
  }
}

variable "tls" {
  description = "The brokers' certificate and private key as PEM; without, they speak plainly."
  type = object({
    certificate = string
    private_key = string
  })
  default   = null
  sensitive = true
}
