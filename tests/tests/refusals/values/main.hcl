# Values that are not there, of the wrong kind, or asked in the wrong way.
locals {
  machines = { edge = { cpus = 2 } }
  names    = tolist(["a", "b"])
  tiers    = tomap({ edge = 2 })
  nothing  = null
  none     = tolist(null)
}

output "attribute" {
  value = local.machines.edge.cpu
}

output "element" {
  value = local.tiers.egde
}

output "index" {
  value = local.names[2]
}

output "of_null" {
  value = local.nothing.cpus
}

output "null_splat" {
  value = local.none[*]
}

output "operand" {
  value = local.machines + 1
}

output "shapes" {
  value = true ? local.names : local.machines
}

output "null_question" {
  value = local.nothing ? 1 : 2
}

output "number_question" {
  value = 2 ? 1 : 2
}

output "key" {
  value = { (local.nothing) = 1 }
}

output "list_key" {
  value = { (local.names) = 1 }
}

output "twice" {
  value = { for name in ["a", "a"] : name => 1 }
}

output "walk" {
  value = [for x in 3 : x]
}

output "interpolated" {
  value = "machines: ${local.machines}"
}
