output "addresses" {
  description = "By machine: `address:port` of its registry in the lab network; who uses it waits until it runs."
  value       = { for name, machine in var.machines : name => "${machine.lab_address}:${var.port}" }
  depends_on  = [lab_service.registry]
}

output "environment" {
  description = "What a measurement through these registries depends on, for a benchmark's `environment`."
  value       = { registries = { for name, package in lab_package.registry : name => package.installed_version } }
}
