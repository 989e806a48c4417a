locals {
  machines = {
    a = {
      access = {
        id       = "5d4d6a1c-0000-4000-8000-000000000001", name = "a", address = "192.0.2.1", port = 22, user = "root"
        host_key = "ssh-ed25519 AAAA", key_file = "/nowhere", flavor = "systemd"
      }
      lab_address = "192.0.2.1"
    }
  }
}

module "mqtt" {
  source   = "./modules/mqtt"
  machines = local.machines
  port     = 0
  users    = { "a:b" = "x" }
  tls      = { certificate = "broker.crt", private_key = "broker.key" }
}

module "registry" {
  source   = "./modules/registry"
  machines = local.machines
  port     = 5000.5
  storage  = "images/"
}

module "docker" {
  source              = "./modules/docker"
  machines            = local.machines
  release             = "latest"
  insecure_registries = ["http://192.0.2.1:5000"]
  mirrors             = ["mirror.gcr.io"]
  settings            = { "registry-mirrors" = ["https://mirror.gcr.io"] }
}

module "docker_settings" {
  source   = "./modules/docker"
  machines = local.machines
  settings = "log-driver=local"
}

module "containerd" {
  source                   = "./modules/containerd"
  machines                 = local.machines
  release                  = "v1.6"
  registries               = { "http://docker.io" = "192.0.2.1:5000" }
  max_concurrent_downloads = 0
}

module "time" {
  source    = "./modules/time"
  machines  = local.machines
  server    = "cloud0"
  upstream  = ["pool.ntp.org iburst"]
  tolerance = 0
}

module "no_time" {
  source   = "./modules/time"
  machines = {}
}
