variable "machines" {
  description = "The machines that get a broker, as modules/continuum puts them out; their image needs the package mosquitto."
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
