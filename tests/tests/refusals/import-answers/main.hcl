resource "fake_thing" "a" {
  name = "a"
}

import {
  to = fake_thing.a
  id = "nothing-has-this-id"
}
