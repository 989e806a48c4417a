module "again" {
  source = "../inner"
}
