# What is only seen when images are planned: files of this host, and what an image is made of.
resource "lab_image" "micro" {
}

resource "lab_image" "of_micro" {
  from     = lab_image.micro.boot
  packages = ["mosquitto"]
}

resource "lab_image" "cloud" {
  path = "no-such-file.qcow2"
}

resource "lab_image" "with" {
  from  = lab_image.cloud.boot
  files = { "/etc/motd" = { source = "no-such-text" } }
}
