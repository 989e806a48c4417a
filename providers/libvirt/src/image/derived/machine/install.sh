# Installs the packages "$@" with whatever the system has for that.
if command -v apt-get >/dev/null; then
  apt-get -q -o Acquire::Retries=3 update
  apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "$@"
elif command -v dnf >/dev/null; then
  dnf install -y "$@"
elif command -v zypper >/dev/null; then
  zypper --non-interactive install "$@"
elif command -v apk >/dev/null; then
  apk add "$@"
else
  echo "there is no apt-get, dnf, zypper or apk to install packages with" >&2
  exit 1
fi
