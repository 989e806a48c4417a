output "versions" {
  description = "By machine: the version of containerd, known once it runs."
  value       = { for name, package in lab_package.containerd : name => package.installed_version }
  depends_on  = [lab_service.containerd, lab_file.registry]
}

output "environment" {
  description = "What a measurement in containers depends on, for a benchmark's `environment`."
  value = {
    containerd = { for name, package in lab_package.containerd : name => package.installed_version }
    config     = local.config
    registries = var.registries
  }
}
