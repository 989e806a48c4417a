resource "terraform_data" "a" {
  input = 1

  lifecycle {
    precondition {
      condition     = local.one == 2
      error_message = "One is not two."
    }
  }
}

resource "terraform_data" "b" {
  input = 1

  lifecycle {
    postcondition {
      condition     = self.input == 2
      error_message = "The input is ${self.input}."
    }
  }
}

locals {
  one = 1
}
