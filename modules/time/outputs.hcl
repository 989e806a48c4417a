output "server" {
  description = "The machine that the others follow."
  value       = local.server
}

output "synchronised" {
  description = "The machines whose clocks agree; who uses it waits until they do."
  value       = keys(var.machines)
  depends_on  = [lab_command.synchronised, lab_service.chrony]
}

output "environment" {
  description = "What a measurement of one-way delays depends on, for a benchmark's `environment`."
  value       = { clocks = local.config, tolerance = var.tolerance }
}
