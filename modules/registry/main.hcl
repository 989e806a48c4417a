locals {
  config = yamlencode({
    version = "0.1"
    log     = { level = "info" }
    storage = {
      filesystem = { rootdirectory = var.storage }
      delete     = { enabled = var.deletable }
      cache      = { blobdescriptor = "inmemory" }
    }
    http   = { addr = ":${var.port}", headers = { X-Content-Type-Options = ["nosniff"] } }
    health = { storagedriver = { enabled = true, interval = "10s", threshold = 3 } }
  })
}

# A registry that was there before reads its own configuration again, when that is back.
resource "lab_command" "before" {
  for_each = var.machines
  machine  = each.value.access
  apply    = "true"
  remove   = "systemctl -q try-restart docker-registry 2>/dev/null || true"
}

resource "lab_package" "registry" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "docker-registry"
  depends_on = [lab_command.before]
}

resource "lab_file" "config" {
  for_each   = var.machines
  machine    = each.value.access
  path       = "/etc/docker/registry/config.yml"
  content    = local.config
  overwrite  = true
  depends_on = [lab_package.registry]
}

resource "lab_file" "storage" {
  for_each   = var.machines
  machine    = each.value.access
  path       = var.storage
  directory  = true
  owner      = "docker-registry"
  depends_on = [lab_package.registry]
}

resource "lab_service" "registry" {
  for_each   = var.machines
  machine    = each.value.access
  name       = "docker-registry"
  restart_on = { config = lab_file.config[each.key].written }
  depends_on = [lab_file.storage]
}
