# What an image is made of, and what does not go together.
resource "lab_image" "base" {
  flavor = "systemd"
}

resource "lab_image" "two" {
  path = "debian.qcow2"
  url  = "ftp://cloud.debian.org/debian.qcow2"
}

resource "lab_image" "bare" {
  url = "https://cloud.debian.org/debian.qcow2"
}

resource "lab_image" "digest" {
  url      = "https://cloud.debian.org/debian.qcow2"
  sha256   = "0123"
  packages = ["containerd"]
  flavor   = "systemd"
}

resource "lab_image" "changed" {
  run    = ["true"]
  suite  = "trixie"
  sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
}

resource "lab_image" "named" {
  path = "debian-12-genericcloud-arm64.qcow2"
  arch = "amd64"
}

resource "lab_image" "started" {
  path     = "main.hcl"
  arch     = "arm64"
  firmware = "bios"
}

resource "lab_image" "direct" {
  arch     = "arm64"
  firmware = "uefi"
}

resource "lab_image" "derived" {
  from = lab_image.base.boot
  arch = "arm64"
  files = {
    "etc/motd"   = { content = "" }
    "/etc/issue" = { mode = "rw", content = "" }
    "/etc/both"  = { content = "", source = "main.hcl" }
  }
}
