data "terraform_remote_state" "backend" {
  backend = "s3"
}

data "terraform_remote_state" "settings" {
  backend = "local"
  config  = { pth = "x" }
}

data "terraform_remote_state" "defaults" {
  backend  = "local"
  defaults = ["a"]
}
