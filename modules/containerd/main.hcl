locals {
  config = <<-EOT
    version = 2

    [plugins."io.containerd.grpc.v1.cri"]
      max_concurrent_downloads = ${var.max_concurrent_downloads}

    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"

    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = ${var.systemd_cgroup}
  EOT

  hosts = { for pair in setproduct(keys(var.machines), keys(var.registries)) : "${pair[0]}/${pair[1]}" => pair }
}

# What the package leaves behind when it goes. A containerd that was there before stays, and so do its containers; it reads its
# own configuration again.
resource "lab_command" "traces" {
  for_each = var.machines
  machine  = each.value.access
  apply    = "true"
  remove   = <<-EOT
    ! command -v containerd >/dev/null || { systemctl -q try-restart containerd; exit 0; }
    rm -rf /var/lib/containerd /opt/containerd
  EOT
}

resource "lab_package" "containerd" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "containerd"
  version    = var.release
  depends_on = [lab_command.traces]
}

resource "lab_file" "config" {
  for_each   = var.machines
  machine    = each.value.access
  path       = "/etc/containerd/config.toml"
  content    = local.config
  overwrite  = true
  depends_on = [lab_package.containerd]
}

# Read anew for every image: no restart is needed.
resource "lab_file" "registry" {
  for_each = local.hosts
  machine  = var.machines[each.value[0]].access
  path     = "/etc/containerd/certs.d/${each.value[1]}/hosts.toml"
  content  = <<-EOT
    server = "${var.registries[each.value[1]]}"

    [host."${var.registries[each.value[1]]}"]
      capabilities = ["pull", "resolve"]
  EOT
}

resource "lab_service" "containerd" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "containerd"
  restart_on = { config = lab_file.config[each.key].written, version = lab_package.containerd[each.key].installed_version }
}
