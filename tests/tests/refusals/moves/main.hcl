# Moves that cannot be followed.
resource "terraform_data" "a" {
}

moved {
  from = terraform_data.a
  to   = terraform_data.a
}

moved {
  from = terraform_data.b
  to   = terraform_data.c
}

moved {
  from = terraform_data.b
  to   = terraform_data.d
}

moved {
  from = terraform_data.e
  to   = terraform_data.d
}
