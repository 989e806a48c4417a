variable "where" {}

provider "lab" {
  cache_dir = "/srv/${var.where}"
}
