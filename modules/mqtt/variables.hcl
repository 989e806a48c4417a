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
  validation {
    condition     = var.port >= 1 && var.port <= 65535 && floor(var.port) == var.port
    error_message = "A port is a whole number from 1 to 65535."
  }
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
  validation {
    condition     = var.tls == null || can(regex("^\\s*-----BEGIN CERTIFICATE-----", var.tls.certificate))
    error_message = "The certificate is PEM, which begins with -----BEGIN CERTIFICATE-----; file() reads one."
  }
  validation {
    condition     = var.tls == null || can(regex("^\\s*-----BEGIN [A-Z ]*PRIVATE KEY-----", var.tls.private_key))
    error_message = "The private key is PEM, which begins with -----BEGIN PRIVATE KEY-----; file() reads one."
  }
}
