locals {
  daemon = merge(
    length(var.insecure_registries) > 0 ? { "insecure-registries" = var.insecure_registries } : {},
    length(var.mirrors) > 0 ? { "registry-mirrors" = var.mirrors } : {},
    var.settings,
  )
}

resource "lab_package" "docker" {
  for_each = var.machines
  machine  = each.value.access
  name     = "docker.io"
  version  = var.release
}

# Before the package: installing it starts the daemon.
resource "lab_file" "daemon" {
  for_each  = var.machines
  machine   = each.value.access
  path      = "/etc/docker/daemon.json"
  content   = "${jsonencode(local.daemon)}\n"
  overwrite = true
}

resource "lab_service" "docker" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "docker"
  restart_on = { daemon = lab_file.daemon[each.key].written, version = lab_package.docker[each.key].installed_version }
}
