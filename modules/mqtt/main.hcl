locals {
  config = <<-EOT
    listener ${var.port}
    allow_anonymous true
    persistence false
    set_tcp_nodelay true
    pid_file /run/mosquitto/cplan.pid
    log_dest file /run/mosquitto/cplan.log
  EOT

  # A listening socket of the port in /proc/net, where addresses are hexadecimal and 0A means LISTEN.
  listening = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eq ':${format("%04X", var.port)} 0+:0000 0A'"

  stop = <<-EOT
    [ ! -s /run/mosquitto/cplan.pid ] || kill "$(cat /run/mosquitto/cplan.pid)" 2>/dev/null || true
    for i in $(seq 50); do ${local.listening} || break; sleep 0.1; done
    rm -f /run/mosquitto/cplan.pid
  EOT
}

resource "lab_file" "config" {
  for_each = var.machines
  machine  = each.value.access
  path     = "/etc/mosquitto/cplan.conf"
  content  = local.config
}

resource "lab_command" "broker" {
  for_each         = var.machines
  machine          = each.value.access
  triggers         = { config = lab_file.config[each.key].content }
  survives_restart = false

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
