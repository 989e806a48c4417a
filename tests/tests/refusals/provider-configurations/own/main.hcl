provider "lab" {
  uri = "qemu:///session"
}
