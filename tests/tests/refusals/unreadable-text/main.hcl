resource "terraform_data" "config" {
  input = file("${path.module}/missing.conf")
}
