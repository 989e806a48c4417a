output "versions" {
  description = "By machine: the version of docker.io, known once the daemon runs."
  value       = { for name, package in lab_package.docker : name => package.installed_version }
  depends_on  = [lab_service.docker]
}

output "environment" {
  description = "What a measurement in containers depends on, for a benchmark's `environment`."
  value = {
    docker  = { for name, package in lab_package.docker : name => package.installed_version }
    daemons = { for name, file in lab_file.daemon : name => file.content }
  }
}
