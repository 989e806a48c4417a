locals {
  daemon = merge(
    length(var.insecure_registries) > 0 ? { "insecure-registries" = var.insecure_registries } : {},
    length(var.mirrors) > 0 ? { "registry-mirrors" = var.mirrors } : {},
    var.settings,
  )
}

# What the package leaves behind when it goes. A Docker that was there before stays, with its images and containers, and reads
# its own configuration again.
resource "lab_command" "traces" {
  for_each = var.machines
  machine  = each.value.access
  apply    = "true"

  remove = <<-EOT
    ! command -v dockerd >/dev/null || { systemctl -q try-restart docker; exit 0; }
    ip link delete docker0 2>/dev/null
    rm -rf /var/lib/docker /etc/docker/key.json
    rmdir /etc/docker 2>/dev/null
    command -v containerd >/dev/null || rm -rf /var/lib/containerd /opt/containerd
  EOT
}

resource "lab_package" "docker" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "docker.io"
  version    = var.release
  depends_on = [lab_command.traces]
}

# Before the package: installing it starts the daemon.
resource "lab_file" "daemon" {
  for_each   = var.machines
  machine    = each.value.access
  path       = "/etc/docker/daemon.json"
  content    = "${jsonencode(local.daemon)}\n"
  overwrite  = true
  depends_on = [lab_command.traces]
}

resource "lab_service" "docker" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "docker"
  restart_on = { daemon = lab_file.daemon[each.key].written, version = lab_package.docker[each.key].installed_version }
}
