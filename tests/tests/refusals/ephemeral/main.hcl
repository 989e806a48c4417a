# Whether a plan is carried out is nothing to keep.
output "kept" {
  value = terraform.applying
}

resource "terraform_data" "kept" {
  input = [terraform.applying]
}

resource "terraform_data" "counted" {
  count = terraform.applying ? 1 : 0
}

resource "terraform_data" "keyed" {
  for_each = terraform.applying ? toset(["a"]) : toset([])
}
