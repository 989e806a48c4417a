resource "lab_benchmark" "wrong" {
  kind      = "http"
  workers   = {}
  broker    = null
  payload   = "1B"
  rate      = 0
  duration  = "0s"
  endpoints = {}
}
