# Names that are not there, or not there.
variable "size" {
  default = 1
}

module "m" {
  source = "./m"
  zise   = 1
}

output "undeclared" {
  value = var.zise
}

output "no_output" {
  value = module.m.b
}

output "each" {
  value = each.key
}

output "own" {
  value = terraform_data
}

check "scoped" {
  data "lab_links" "inside" {
    machines = {}
  }
  assert {
    condition     = data.lab_links.inside.table == []
    error_message = "It has links."
  }
}

output "scoped" {
  value = data.lab_links.inside.table
}

resource "terraform_data" "itself" {
  lifecycle {
    precondition {
      condition     = terraform_data.itself.input == 1
      error_message = ["no"]
    }
  }
}
