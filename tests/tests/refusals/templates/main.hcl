output "unknown" {
  value = templatefile("greeting.tftpl", { name = "edge" })
}

output "failed" {
  value = try()
}
