# Blocks in blocks.
resource "lab_machine" "m" {
  name   = "m"
  cpus   = 1
  memory = "1GiB"
  image  = null
  access = "root@edge"

  management {
    network = null
  }

  management {
    network = null
  }

  dynamic {
  }

  dynamic "interfaces" {
  }

  dynamic "interface" {
    for_each = 3
    content {
    }
  }
}

resource "lab_machine" "bare" {
  name   = "bare"
  cpus   = 1
  memory = "1GiB"
  image  = {}
}
