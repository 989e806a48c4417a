terraform {
  required_providers {
    lab = {
      source                = "lab"
      configuration_aliases = [lab.west]
    }
  }
}
