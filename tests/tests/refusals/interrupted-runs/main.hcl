resource "fake_slow" "a" {
  name   = "a"
  before = "60s"
}
