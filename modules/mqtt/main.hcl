locals {
  # A micro machine has no service manager: there, a command starts the broker of its image.
  micro = { for name, machine in var.machines : name => machine if try(machine.access.flavor, "") == "micro" }
  whole = { for name, machine in var.machines : name => machine if !contains(keys(local.micro), name) }

  closed = nonsensitive(length(var.users) > 0)
  tls    = nonsensitive(var.tls != null)
  keys   = local.tls ? var.machines : {}
  users  = local.closed ? var.machines : {}

  config = join("\n", concat(
    ["listener ${var.port}", "allow_anonymous ${!local.closed}"],
    local.closed ? ["password_file /etc/mosquitto/cplan.users"] : [],
    local.tls ? ["certfile /etc/mosquitto/cplan.crt", "keyfile /etc/mosquitto/cplan.key"] : [],
    ["persistence false", "set_tcp_nodelay true", "pid_file /run/mosquitto/cplan.pid", "log_dest file /run/mosquitto/cplan.log", ""],
  ))

  # What a broker reads once, when it starts.
  secrets = sha256(jsonencode([var.users, var.tls]))

  # A listening socket of the port in /proc/net, where addresses are hexadecimal and 0A means LISTEN.
  listening = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eq ':${format("%04X", var.port)} 0+:0000 0A'"

  stop = <<-EOT
    [ ! -s /run/mosquitto/cplan.pid ] || kill "$(cat /run/mosquitto/cplan.pid)" 2>/dev/null || true
    for i in $(seq 50); do ${local.listening} || break; sleep 0.1; done
    rm -f /run/mosquitto/cplan.pid
  EOT
}

# The log, which nobody else takes away. A broker that was there before reads its own configuration again.
resource "lab_command" "traces" {
  for_each = var.machines
  machine  = each.value.access
  apply    = "true"
  remove   = <<-EOT
    systemctl -q try-restart mosquitto 2>/dev/null
    rm -f /run/mosquitto/cplan.log
    rmdir /run/mosquitto 2>/dev/null || true
  EOT
}

resource "lab_package" "mosquitto" {
  for_each   = local.whole
  machine    = each.value.access
  name       = "mosquitto"
  depends_on = [lab_command.traces]
}

resource "lab_file" "config" {
  for_each   = var.machines
  machine    = each.value.access
  path       = contains(keys(local.micro), each.key) ? "/etc/mosquitto/cplan.conf" : "/etc/mosquitto/mosquitto.conf"
  content    = local.config
  overwrite  = true
  depends_on = [lab_package.mosquitto]
}

resource "lab_file" "certificate" {
  for_each   = local.keys
  machine    = each.value.access
  path       = "/etc/mosquitto/cplan.crt"
  content    = var.tls.certificate
  depends_on = [lab_package.mosquitto]
}

resource "lab_file" "key" {
  for_each   = local.keys
  machine    = each.value.access
  path       = "/etc/mosquitto/cplan.key"
  content    = var.tls.private_key
  mode       = "0400"
  owner      = "mosquitto"
  depends_on = [lab_package.mosquitto]
}

# The broker wants its own hashes, which have a salt: they are made where they are used, one after the other, because of a
# line of a file its program takes no more than what stands before a second colon.
resource "lab_command" "users" {
  for_each   = local.users
  machine    = each.value.access
  triggers   = { users = sha256(jsonencode(var.users)) }
  check      = "test -s /etc/mosquitto/cplan.users"
  remove     = "rm -f /etc/mosquitto/cplan.users"
  depends_on = [lab_package.mosquitto]

  apply = <<-EOT
    umask 077
    f=/etc/mosquitto/cplan.users.new
    : >"$f"
    %{~ for user, password in var.users ~}
    mosquitto_passwd -b "$f" '${replace(user, "'", "'\\''")}' '${replace(password, "'", "'\\''")}' || exit 1
    %{~ endfor ~}
    chown mosquitto "$f"
    mv -f "$f" /etc/mosquitto/cplan.users
  EOT
}

resource "lab_service" "broker" {
  for_each   = local.whole
  machine    = each.value.access
  name       = "mosquitto"
  restart_on = { config = lab_file.config[each.key].written, secrets = local.secrets }
  depends_on = [lab_file.certificate, lab_file.key, lab_command.users]
}

resource "lab_command" "broker" {
  for_each         = local.micro
  machine          = each.value.access
  triggers         = { config = lab_file.config[each.key].content, secrets = local.secrets }
  survives_restart = false
  depends_on       = [lab_file.certificate, lab_file.key, lab_command.users, lab_command.traces]

  check  = local.listening
  apply  = <<-EOT
    ${local.stop}
    mkdir -p /run/mosquitto && chown mosquitto /run/mosquitto || exit 1
    /usr/sbin/mosquitto -d -c /etc/mosquitto/cplan.conf </dev/null >/dev/null 2>&1 || exit 1
    for i in $(seq 100); do ${local.listening} && exit 0; sleep 0.1; done
    echo "mosquitto does not listen on port ${var.port} after 10 s:" >&2
    cat /run/mosquitto/cplan.log >&2
    exit 1
  EOT
  remove = local.stop
}
