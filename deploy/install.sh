#!/bin/sh
# Installs millesime from a checkout into its own folder: `deploy/install.sh /opt/millesime`. Every package is checked against the hashes
# of requirements.lock; none is compiled. Both the container image and a host without containers run this.
set -eu
umask 022 # the account of the service, which is not ours, reads it
target=$1
python=${PYTHON:-python3}
cd "$(dirname "$0")/.."
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Python 3.11 to 3.13 is needed (PYTHON=…)" >&2; exit 1; }
"$python" -m venv --without-pip "$target"
pip() { "$python" -m pip --python "$target/bin/python" install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: "$@"; }
pip --require-hashes -r requirements.lock
wheel=$(mktemp -d)
"$target/bin/python" -m hatchling build -t wheel -d "$wheel"
# --force-reinstall: another commit may have the same number
pip --no-deps --no-index --force-reinstall "$wheel"/*.whl
rm -r "$wheel"
if [ "$(id -u)" = 0 ]; then
    runuser -u nobody -- "$target/bin/millesime" --version || {
        echo "no other account can run $(readlink -f "$target/bin/python"): give another Python (PYTHON=/usr/bin/python3) or folder" >&2
        exit 1
    }
else
    "$target/bin/millesime" --version
fi
