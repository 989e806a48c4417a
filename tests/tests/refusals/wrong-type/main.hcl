resource "lab_network" "lab" {
  mode = "isolated"
  cidr = ["10.71.0.0/24"]
}
