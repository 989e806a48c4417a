resource "lab_network" "lab" {
  mode = "isolated"
  cdir = "10.71.0.0/24"
}
