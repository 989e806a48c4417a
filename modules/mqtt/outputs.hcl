output "brokers" {
  description = "By machine: where its broker listens; who uses it waits until it does."
  value       = { for name, machine in var.machines : name => "${machine.lab_address}:${var.port}" }
  depends_on  = [lab_command.broker, lab_service.broker]
}

output "environment" {
  description = "What a measurement through these brokers depends on, for a benchmark's `environment`."
  value = {
    brokers  = { for name, file in lab_file.config : name => file.content }
    versions = { for name, package in lab_package.mosquitto : name => package.installed_version }
  }
}
