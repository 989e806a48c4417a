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

resource "terraform_data" "one" {}

resource "terraform_data" "many" {
  count = 2
}

resource "terraform_data" "named" {
  for_each = { a = 1 }
}

output "instances" {
  value = [
    terraform_data.one[0].id,
    try(terraform_data.many.id, "none"),
    terraform_data.named.id,
    terraform_data.many[0]["id"],
    terraform_data.one.count,
  ]
}

output "attributes" {
  value = can(terraform_data.one.inptu) || can(terraform_data.many[1].id.length)
}

output "reserved" {
  value = [path.modul, terraform.env, lazy.x, each.value]
}
