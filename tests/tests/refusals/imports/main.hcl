resource "fake_thing" "a" {
  name = "a"
}

resource "fake_thing" "b" {
  for_each = toset(["x", "y"])
  name     = each.key
}

resource "fake_content" "c" {
  name = "c"
  box  = fake_box.box.access
}

resource "fake_box" "box" {
  name   = "box"
  memory = "1GiB"
}

import {
  to = fake_thing.a
  id = "nothing-has-this-id"
}

import {
  to = fake_thing.b[each.key]
  id = ""

  for_each = toset(["x"])
}

import {
  to = fake_thing.b[true]
  id = "b"
}

import {
  to = fake_thing.b["y"]
  id = fake_thing.a.token
}

import {
  to = fake_thing.other
  id = "other"
}
