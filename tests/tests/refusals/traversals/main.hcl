# Ways into values that the language does not know.
locals {
  rows = [[1, 2], [3, 4]]
}

output "cell" {
  value = local.rows.0.1
}

output "cells" {
  value = local.rows.*.*
}

output "keyed" {
  value = { local.rows = 1 }
}

output "uncaught" {
  value = try(local.row, "none")
}
