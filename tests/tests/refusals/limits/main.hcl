output "number" {
  value = 1e99999999999
}
