# How many there are can never be told.
resource "terraform_data" "known_never" {
  count = timestamp() == "" ? 1 : 2
}

resource "terraform_data" "keys_never" {
  for_each = toset([timestamp()])
}
