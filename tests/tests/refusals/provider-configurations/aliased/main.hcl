terraform {
  required_providers {
    lab = {
      source                = "cplan/lab"
      configuration_aliases = [lab.west]
    }
  }
}
