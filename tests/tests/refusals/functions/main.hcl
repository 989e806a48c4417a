# Calls that cannot be.
output "unknown" {
  value = jsonencod({})
}

output "few" {
  value = split(",")
}

output "argument" {
  value = split([], "a")
}

output "failed" {
  value = tonumber("two")
}

output "spread" {
  value = max("1"...)
}

output "template" {
  value = templatestring(local.greeting, { name = "edge" })
}

locals {
  greeting = "hello $${nmae}"
}
